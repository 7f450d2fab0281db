"""`blogen costs`: what calls cost, how much of the caps is used, and what the next post will probably cost."""

import argparse
from typing import TYPE_CHECKING, TypeVar

from blogen.cli.arguments import Commands, count
from blogen.cli.exits import DONE
from blogen.cli.running import run
from blogen.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blogen.api.queries import CostsQuery, Query
    from blogen.config import Config
    from blogen.store.ledger import CapUse, CostLine, Estimate

    Asked = TypeVar("Asked", bound=Query)

_KEYS = ("day", "model", "author", "job")


def add(commands: Commands) -> None:
    parser = commands.add("costs", "show what calls cost, and how much of the caps is used")
    parser.add_argument(
        "--by", choices=_KEYS, default="day", metavar="KEY", help=f"one of {', '.join(_KEYS)} (default: day)"
    )
    parser.add_argument("--since", metavar="DATE", help="the first day, e.g. 2026-08-01 (default: 30 days are shown)")
    parser.add_argument("--until", metavar="DATE", help="the last day (default: today); days are those of UTC")
    parser.add_argument("--limit", type=count, default=100, metavar="N", help="how many lines (default: 100)")
    parser.add_argument("--estimate", action="store_true", help="show what the next post will probably cost, instead")
    parser.add_argument("--words", metavar="N", help="with --estimate: the post's length (default: 900)")
    parser.add_argument("--images", metavar="N", help="with --estimate: its pictures (default: 1)")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=lambda arguments: run(_estimate(arguments) if arguments.estimate else _costs(arguments)))


async def _costs(arguments: argparse.Namespace) -> int:
    from blogen.api.queries import CostsQuery
    from blogen.api.views import costs_view
    from blogen.cli.plain import print_json
    from blogen.cli.settings import read_config
    from blogen.cli.store import open_database
    from blogen.clock import SystemClock
    from blogen.store.ledger import Ledger, caps_of, days

    asked = _asked(CostsQuery, arguments, "by", "since", "until")
    now_ms = SystemClock().now_ms()
    since_ms, until_ms = days(asked.since, asked.until, now_ms)
    config = read_config(arguments)
    async with open_database(config) as database:
        ledger = Ledger(database)
        lines = await ledger.costs(
            asked.by, since_ms=since_ms, until_ms=until_ms, limit=arguments.limit, site_author=config.site.author
        )
        total = await ledger.total(since_ms=since_ms, until_ms=until_ms)
        caps = await ledger.caps(caps_of(config.budget), now_ms)
    if arguments.json:
        print_json(costs_view(lines, total, caps))
        return DONE
    _print_costs(asked, lines, total)
    _print_caps(caps)
    return DONE


async def _estimate(arguments: argparse.Namespace) -> int:
    from blogen.api.queries import EstimateQuery
    from blogen.api.views import estimate_view
    from blogen.cli.plain import print_json
    from blogen.cli.settings import read_config
    from blogen.cli.store import open_database
    from blogen.store.ledger import Ledger

    asked = _asked(EstimateQuery, arguments, "words", "images")
    async with open_database(read_config(arguments)) as database:
        found = await Ledger(database).estimate(asked.words, asked.images)
    if arguments.json:
        print_json(estimate_view(found))
    elif not found.posts:
        print("There is nothing to go by yet: no post of this blog has used a paid service.")
    else:
        pictures = f"{asked.images} picture{'' if asked.images == 1 else 's'}"
        print(f"A post of {asked.words} words with {pictures}: {worded(found)}.")
        if found.posts > 1 and found.high_usd_micros:
            print(f"Most cost {_dollars(found.low_usd_micros)} to {_dollars(found.high_usd_micros)}.")
    return DONE


async def expected(config: "Config", words: int, images: int) -> str:
    """What a post will probably cost, in words; empty where no paid model is to write it, or nothing is known yet."""
    from blogen.cli.store import open_database
    from blogen.store.folder import has_database
    from blogen.store.ledger import Ledger

    if not _has_paid_writer(config) or not has_database(config.data.dir):
        return ""
    async with open_database(config) as database:
        found = await Ledger(database).estimate(words, images)
    return worded(found) if found.posts else ""


def worded(found: "Estimate") -> str:
    posts = f"{found.posts} post{'' if found.posts == 1 else 's'}"
    if not found.has_unknown:
        return f"about {_dollars(found.typical_usd_micros)} (median of {posts})"
    if not found.high_usd_micros:
        return f"not known (no price is known for the calls of {posts})"
    return f"more than {_dollars(found.typical_usd_micros)} (median of {posts}, some of their calls of unknown price)"


def _asked(query: "type[Asked]", arguments: argparse.Namespace, *names: str) -> "Asked":
    """The options as the API's query, so that both say the same about a mistake."""
    from pydantic import ValidationError

    from blogen.domain.mistakes import mistakes_in

    try:
        return query.model_validate({name: value for name in names if (value := getattr(arguments, name)) is not None})
    except ValidationError as error:
        errors = [FieldError(f"--{path}", f"{message}.") for path, message in mistakes_in(error)]
        raise InvalidInput(
            "The options cannot be used.", errors=errors, remedy="`blogen costs --help` tells what is possible."
        ) from None


def _has_paid_writer(config: "Config") -> bool:
    from blogen.providers.registry import Registry

    registry = Registry(config)
    return any(not registry.section("text", name).is_free for name in config.order("text") if name != "offline")


def _print_costs(asked: "CostsQuery", lines: "Sequence[CostLine]", total: "CostLine") -> None:
    from blogen.cli.plain import print_table

    if not total.calls:
        print("Nothing was called in these days.")
        return
    print_table(
        [asked.by, "calls", "cost", "tokens in", "tokens out", ""],
        [_row(line.key, line) for line in lines] + [_row("total", total)],
    )


def _row(key: str, line: "CostLine") -> list[object]:
    return [key, line.calls, _cost(line), line.input_tokens, line.output_tokens, _remarks(line)]


def _cost(line: "CostLine") -> str:
    """`~`: part of it is estimated. What is not known at all is said, not shown as nothing."""
    if not line.usd_micros and (line.unknown_calls or line.open_calls):
        return "unknown" if line.unknown_calls else "open"
    return f"{'~' if line.guessed_usd_micros else ''}{_dollars(line.usd_micros)}"


def _remarks(line: "CostLine") -> str:
    remarks = []
    if line.unknown_calls:
        remarks.append(f"+ {_calls(line.unknown_calls)} of unknown price")
    if line.open_calls:
        remarks.append(f"+ up to {_dollars(line.held_usd_micros)} for {_calls(line.open_calls)} under way")
    return ", ".join(remarks)


def _print_caps(caps: "Sequence[CapUse]") -> None:
    from blogen.cli.plain import print_table

    if not caps:
        print("\nNo cap is set; [budget] can set some.")
        return
    print("\ncaps")
    print_table(["cap", "used", "until"], [_cap_row(use) for use in caps])


def _cap_row(use: "CapUse") -> list[str]:
    from blogen.cli.plain import moment

    cap = use.cap
    most, used = _calls(cap.calls or 0), str(use.calls)
    if cap.usd_micros is not None:
        most, used = _dollars(cap.usd_micros), _dollars(use.usd_micros or 0)
    if cap.period == "job":
        return [cap.key, f"{most} each job", ""]
    return [cap.key, f"{used} of {most} used this {cap.period}", f"begins anew {moment(use.until_ms)}"]


def _calls(number: int) -> str:
    return f"{number} call{'' if number == 1 else 's'}"


def _dollars(micros: int) -> str:
    from blogen.store.ledger import worded_usd

    return f"${worded_usd(micros)}"
