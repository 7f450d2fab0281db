"""`blogen webhooks …`: the programs that are told what happens, and what became of what they were told."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from blogen.cli.arguments import Commands, count
from blogen.cli.exits import DONE, FAILED
from blogen.cli.running import run

if TYPE_CHECKING:
    from blogen.config import Config, WebhookConfig
    from blogen.outgoing.sending import Answered
    from blogen.store.deliveries import Deliveries, Delivery


def add(commands: Commands) -> None:
    webhooks = commands.group("webhooks", "list webhooks, try them, see and repeat deliveries")
    listing = webhooks.add("list", "list the webhooks of the configuration")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=_list)
    log = webhooks.add("deliveries", "what webhooks were told, the newest first")
    log.add_argument("--hook", metavar="NAME", help="only of this webhook")
    log.add_argument("--limit", type=count, default=20, metavar="N", help="how many at most (default: 20)")
    log.add_argument("--json", action="store_true", help="print them as JSON")
    log.set_defaults(run=lambda arguments: run(_deliveries(arguments)))
    test = webhooks.add("test", "send a webhook a message of the kind `ping`, now and once")
    test.add_argument("name", metavar="NAME")
    test.add_argument("--json", action="store_true", help="print what came of it as JSON")
    test.set_defaults(run=lambda arguments: run(_test(arguments)))
    retry = webhooks.add("retry", "deliver again; a running server does it within seconds")
    retry.add_argument("id", metavar="ID")
    retry.add_argument("--json", action="store_true", help="print the delivery as JSON")
    retry.set_defaults(run=lambda arguments: run(_retry(arguments)))


def _list(arguments: argparse.Namespace) -> int:
    from blogen.cli.plain import print_json, print_table
    from blogen.cli.settings import read_config
    from blogen.config.webhooks import FACTS

    hooks = read_config(arguments).webhooks
    if arguments.json:
        items = [{"name": hook.name, "url": hook.url, "events": list(hook.events or FACTS)} for hook in hooks]
        print_json({"items": items, "next": None})
    else:
        print_table(
            ["name", "url", "events"], [[hook.name, hook.url, ", ".join(hook.events) or "all"] for hook in hooks]
        )
    return DONE


async def _deliveries(arguments: argparse.Namespace) -> int:
    from blogen.cli.plain import moment, print_json, print_table

    async with _open(arguments) as (_, deliveries):
        found = await deliveries.newest(arguments.limit, hook=arguments.hook)
    if arguments.json:
        print_json({"items": [_view(delivery) for delivery in found], "next": None})
        return DONE
    print_table(
        ["id", "webhook", "event", "state", "attempts", "written", "next attempt", "reason"],
        [
            [
                one.id, one.hook, one.event, one.state, str(one.attempts), moment(one.created_at),
                moment(one.next_at) or "", one.error,
            ]
            for one in found
        ],
    )  # fmt: skip
    return DONE


async def _test(arguments: argparse.Namespace) -> int:
    from blogen.cli.plain import print_json
    from blogen.cli.settings import read_config
    from blogen.outgoing.sending import NotSent
    from blogen.outgoing.webhooks import words

    config = read_config(arguments)
    hook = _named(config, arguments.name)
    status, reason = None, ""
    try:
        answered = await _ping(config, hook)
        status, reason = answered.status, "" if answered.is_ok else words(answered)
    except NotSent as error:
        reason = error.reason
    if arguments.json:
        print_json({"hook": hook.name, "status": status, "error": reason})
    elif reason:
        from blogen.cli.complaints import say

        say(f"{hook.name} did not take the message. {reason}")
    else:
        print(f"{hook.name} took the message ({status}).")
    return FAILED if reason else DONE


async def _ping(config: "Config", hook: "WebhookConfig") -> "Answered":
    from blogen.clock import SystemClock
    from blogen.ids import new_id
    from blogen.outgoing.sending import Sender
    from blogen.outgoing.webhooks import headers, message

    message_id, now = new_id(), SystemClock().now_ms()
    body = message(message_id, "ping", now, "{}")
    sender = Sender(config.research.allow_private, any_port=True)
    try:
        return await sender.post(hook.url, body, headers(hook, message_id, body, now // 1000))
    finally:
        await sender.close()


async def _retry(arguments: argparse.Namespace) -> int:
    from blogen.cli.plain import print_json
    from blogen.outgoing.websub import hubs

    async with _open(arguments) as (config, deliveries):
        known = [*(hook.name for hook in config.webhooks), *(hub.name for hub in hubs(config))]
        delivery = await deliveries.retry(arguments.id, known=known)
    if arguments.json:
        print_json(_view(delivery))
    else:
        print(f"Delivery {delivery.id} to {delivery.hook} is due now; the server makes it.")
    return DONE


def _named(config: "Config", name: str) -> "WebhookConfig":
    from blogen.config.section import suggestion
    from blogen.errors import NotFound

    for hook in config.webhooks:
        if hook.name == name:
            return hook
    known = [hook.name for hook in config.webhooks]
    raise NotFound(
        f"There is no webhook {name[:80]!r}.", remedy=suggestion(name, known) or "Add a section [[webhooks]]."
    )


@asynccontextmanager
async def _open(arguments: argparse.Namespace) -> "AsyncIterator[tuple[Config, Deliveries]]":
    from blogen.cli.settings import read_config
    from blogen.cli.store import open_database
    from blogen.store.deliveries import Deliveries

    config = read_config(arguments)
    async with open_database(config) as database:
        yield config, Deliveries(database)


def _view(delivery: "Delivery") -> dict[str, Any]:
    from blogen.cli.plain import rfc3339

    return {
        "id": delivery.id,
        "hook": delivery.hook,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_at": rfc3339(delivery.next_at),
        "delivered_at": rfc3339(delivery.delivered_at),
        "status": delivery.status,
        "error": delivery.error,
        "created_at": rfc3339(delivery.created_at),
    }
