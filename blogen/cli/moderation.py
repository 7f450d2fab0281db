"""`blogen moderation …`: what waits, what was reported, what was decided; and taking it back."""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from blogen.cli.arguments import Commands, Parser, count
from blogen.cli.exits import DONE
from blogen.cli.running import run

if TYPE_CHECKING:
    from blogen.store.moderation import Act, Moderation
    from blogen.store.walks import Page

T = TypeVar("T")

_PAGE = 200
_ALL = 1_000_000_000
_SHOWN_CHARS = 60
_BY = "owner"
_DONE = {
    "approve": "The comment is shown, and its writer's will be from now on.",
    "remove": "The comment is hidden from everyone.",
    "restore": "The comment is shown again.",
    "close-report": "The report is closed.",
    "block-word": "Comments that say it will be held.",
    "unblock-word": "Comments that say it will not be held for that.",
}


def add(commands: Commands) -> None:
    moderation = commands.group("moderation", "decide about comments and reports, and take it back")
    _listing(moderation, "list", "list the comments that are held, the oldest first", _list)
    _listing(moderation, "reports", "list the open reports, the oldest first", _reports)
    _listing(moderation, "log", "list what was decided, the newest first", _log)
    words = _with_json(moderation.add("words", "list the words that hold a comment"))
    words.set_defaults(run=lambda arguments: run(_words(arguments)))
    for verb, summary in (
        ("approve", "show a held comment, and its writer's later ones at once"),
        ("remove", "hide a comment from everyone"),
        ("restore", "show a removed comment again"),
    ):
        _deciding(moderation, verb, summary, "id", "ID", _on_comment)
    close = _deciding(moderation, "close", "close a report and tell who made it", "id", "ID", _close)
    close.add_argument("--outcome", default="", metavar="TEXT", help="what they are told")
    _deciding(moderation, "undo", "take a decision back", "id", "ID", _undo)
    _deciding(moderation, "block-word", "hold comments that say a word or a phrase", "word", "WORD", _on_word)
    _deciding(moderation, "unblock-word", "hold comments for a word no more", "word", "WORD", _on_word)


def _listing(
    group: Commands, name: str, summary: str, command: Callable[[argparse.Namespace], Any]
) -> None:  # fmt: skip
    parser = _with_json(group.add(name, summary))
    parser.add_argument("--limit", type=count, default=_ALL, metavar="N", help="how many (default: all)")
    parser.set_defaults(run=lambda arguments: run(command(arguments)))


def _deciding(
    group: Commands, name: str, summary: str, what: str, shown_as: str, command: Callable[[argparse.Namespace], Any]
) -> Parser:
    parser = _with_json(group.add(name, summary))
    parser.add_argument(what, metavar=shown_as)
    parser.set_defaults(run=lambda arguments: run(command(arguments)))
    return parser


def _with_json(parser: Parser) -> Parser:
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


async def _list(arguments: argparse.Namespace) -> int:
    from blogen.api.talk_views import held_comment_view
    from blogen.cli.plain import moment, print_json, print_table

    async with _open(arguments) as moderation:
        held = await _all(moderation.queue, arguments.limit)
    if arguments.json:
        print_json({"items": [held_comment_view(one) for one in held], "next": None})
        return DONE
    print_table(
        ["id", "written", "by", "post", "why", "text"],
        [
            [one.id, moment(one.created_at), one.writer.handle if one.writer else "", one.slug, one.held_for,
             _line(one.markdown)]
            for one in held
        ],
    )  # fmt: skip
    return DONE


async def _reports(arguments: argparse.Namespace) -> int:
    from blogen.api.talk_views import report_view
    from blogen.cli.plain import moment, print_json, print_table

    async with _open(arguments) as moderation:
        reports = await _all(moderation.reports, arguments.limit)
    if arguments.json:
        print_json({"items": [report_view(one) for one in reports], "next": None})
        return DONE
    print_table(
        ["id", "made", "by", "post", "comment", "note"],
        [
            [one.id, moment(one.created_at), one.handle or "", one.slug, one.comment.id if one.comment else "",
             _line(one.note)]
            for one in reports
        ],
    )  # fmt: skip
    return DONE


async def _log(arguments: argparse.Namespace) -> int:
    from blogen.api.talk_views import act_view
    from blogen.cli.plain import moment, print_json, print_table

    async with _open(arguments) as moderation:
        acts = await _all(moderation.log, arguments.limit)
    if arguments.json:
        print_json({"items": [act_view(act) for act in acts], "next": None})
        return DONE
    print_table(
        ["id", "at", "by", "decision", "state", "about"],
        [
            [act.id, moment(act.at), act.by, act.action, "undone" if act.undone_at else "stands", act.target]
            for act in acts
        ],
    )
    return DONE


async def _words(arguments: argparse.Namespace) -> int:
    from blogen.cli.plain import print_json, print_table

    async with _open(arguments) as moderation:
        words = await moderation.words()
    if arguments.json:
        print_json({"items": words, "next": None})
    else:
        print_table(["word"], [[word] for word in words])
    return DONE


async def _on_comment(arguments: argparse.Namespace) -> int:
    verb, comment_id = arguments.verb, arguments.id
    return await _decide(
        arguments,
        "POST",
        f"comments/{_quoted(comment_id)}/{verb}",
        lambda moderation: {
            "approve": moderation.approve, "remove": moderation.remove, "restore": moderation.restore,
        }[verb](comment_id, _BY),
    )  # fmt: skip


async def _close(arguments: argparse.Namespace) -> int:
    from blogen.domain.talk import MAX_NOTE_CHARS
    from blogen.errors import InvalidInput
    from blogen.render.comments import tidy

    outcome = tidy(arguments.outcome)
    if len(outcome) > MAX_NOTE_CHARS:
        raise InvalidInput(f"The outcome has more than {MAX_NOTE_CHARS} characters.", remedy="Say it shorter.")
    return await _decide(
        arguments,
        "POST",
        f"reports/{_quoted(arguments.id)}/close",
        lambda moderation: moderation.close_report(arguments.id, outcome, _BY),
        {"outcome": outcome},
    )


async def _on_word(arguments: argparse.Namespace) -> int:
    word, blocks = arguments.word, arguments.verb == "block-word"
    return await _decide(
        arguments,
        "PUT" if blocks else "DELETE",
        f"words/{_quoted(word)}",
        lambda moderation: (moderation.block_word if blocks else moderation.unblock_word)(word, _BY),
        make=True,
    )


async def _undo(arguments: argparse.Namespace) -> int:
    path = f"log/{_quoted(arguments.id)}/undo"
    return await _decide(arguments, "POST", path, lambda moderation: moderation.undo(arguments.id))


async def _decide(
    arguments: argparse.Namespace,
    method: str,
    path: str,
    decide: "Callable[[Moderation], Awaitable[Act]]",
    body: dict[str, Any] | None = None,
    *,
    make: bool = False,
) -> int:
    """Decide through the server if one runs on the data folder: it must know what it shows no more."""
    from blogen.api.talk_views import act_view
    from blogen.cli.server_file import read_server_file
    from blogen.cli.settings import read_config
    from blogen.cli.through_server import ThroughServer

    if server := read_server_file(read_config(arguments).data.dir):
        async with ThroughServer.open(server) as door:
            told = await door.moderate(method, path, body)
    else:
        async with _open(arguments, make=make) as moderation:
            told = act_view(await decide(moderation))
    return _print(told, as_json=arguments.json)


def _quoted(part: str) -> str:
    """A part of an address; one that would lead elsewhere names nothing."""
    from urllib.parse import quote

    return quote(part, safe="") if part.strip(".") else "-"


@asynccontextmanager
async def _open(arguments: argparse.Namespace, *, make: bool = False) -> AsyncIterator["Moderation"]:
    from blogen.cli.settings import read_config
    from blogen.cli.store import open_database
    from blogen.store.moderation import Moderation

    async with open_database(read_config(arguments), make=make) as database:
        yield Moderation(database)


async def _all(read: "Callable[[int, str | None], Awaitable[Page[T]]]", wanted: int) -> list[T]:
    found: list[T] = []
    after: str | None = None
    while len(found) < wanted:
        some, after = await read(min(_PAGE, wanted - len(found)), after)
        found += some
        if after is None:
            break
    return found


def _line(text: str) -> str:
    from blogen.cli.plain import shortened

    return shortened(" ".join(text.split()), _SHOWN_CHARS)


def _print(act: dict[str, Any], *, as_json: bool) -> int:
    from blogen.cli.plain import print_json, visible

    if as_json:
        print_json(act)
    elif act["undone_at"] is not None:
        print(f"Undone: {act['action']} of {visible(act['target'])}.")
    else:
        print(f"{_DONE[act['action']]} To take it back: blogen moderation undo {act['id']}")
    return DONE
