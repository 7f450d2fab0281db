"""`blogen tokens …`: the keys that programs and phones use."""

import argparse
from typing import TYPE_CHECKING, Any

from blogen.cli.arguments import Commands, count
from blogen.cli.exits import DONE
from blogen.cli.running import run

if TYPE_CHECKING:
    from blogen.domain.person import Token

_DAY_MS = 24 * 3600 * 1000


def add(commands: Commands) -> None:
    tokens = commands.group("tokens", "make, list and revoke tokens for the API")
    create = tokens.add("create", "make a token and print it alone; it is shown this once")
    create.add_argument("--scope", required=True, choices=["reader", "author", "admin"], help="what it may do")
    create.add_argument("--user", metavar="HANDLE", help="the person it acts for (default: the owner)")
    create.add_argument("--expires", metavar="DAYS", type=count, help="after how many days it ends (default: never)")
    create.add_argument("--label", default="", help="what it is for, to recognise it by")
    create.add_argument("--json", action="store_true", help="print it as JSON, with its id")
    create.set_defaults(run=lambda arguments: run(_create(arguments)))
    listing = tokens.add("list", "list the tokens; only their ids, the texts are not kept")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=lambda arguments: run(_list(arguments)))
    revoke = tokens.add("revoke", "end a token at once")
    revoke.add_argument("id", metavar="ID")
    revoke.add_argument("--json", action="store_true", help="print it as JSON")
    revoke.set_defaults(run=lambda arguments: run(_revoke(arguments)))


async def _create(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people
    from blogen.cli.plain import print_json
    from blogen.clock import SystemClock
    from blogen.domain.person import Scope

    ends_at = None if arguments.expires is None else SystemClock().now_ms() + arguments.expires * _DAY_MS
    async with open_people(arguments, make=True) as people:
        token, text = await people.create_token(Scope(arguments.scope), arguments.user, arguments.label, ends_at)
    if arguments.json:
        print_json({"token": text, **_view(token)})
    else:
        print(text)
    return DONE


async def _list(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people
    from blogen.cli.plain import moment, print_json, print_table

    async with open_people(arguments) as people:
        tokens = await people.list_tokens()
        handles = {person.id: person.handle for person in await people.list_people()}
    if arguments.json:
        print_json({"items": [_view(token) for token in tokens], "next": None})
        return DONE
    print_table(
        ["id", "scope", "acts for", "created", "last used", "state", "label"],
        [
            [
                token.id, token.scope, handles.get(token.person_id or "", "the owner"), moment(token.created_at),
                moment(token.last_used_at) or "never", _state(token), token.label,
            ]
            for token in tokens
        ],
    )  # fmt: skip
    return DONE


async def _revoke(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people
    from blogen.cli.plain import print_json

    async with open_people(arguments) as people:
        token = await people.revoke_token(arguments.id)
    if arguments.json:
        print_json(_view(token))
    else:
        print(f"Token {token.id} is revoked.")
    return DONE


def _state(token: "Token") -> str:
    from blogen.cli.plain import moment

    if token.revoked_at is not None:
        return "revoked"
    return f"valid until {moment(token.expires_at)}" if token.expires_at else "valid"


def _view(token: "Token") -> dict[str, Any]:
    from blogen.cli.plain import rfc3339

    return {
        "id": token.id,
        "scope": token.scope,
        "person_id": token.person_id,
        "label": token.label,
        "created_at": rfc3339(token.created_at),
        "last_used_at": rfc3339(token.last_used_at),
        "expires_at": rfc3339(token.expires_at),
        "revoked_at": rfc3339(token.revoked_at),
    }
