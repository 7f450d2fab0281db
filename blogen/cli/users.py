"""`blogen users …`: accounts of people."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from blogen.cli.arguments import Commands
from blogen.cli.exits import DONE
from blogen.cli.running import run
from blogen.errors import InvalidInput

if TYPE_CHECKING:
    from blogen.domain.person import Person

_MAX_PASSWORD_LINE = 10_000


def add(commands: Commands) -> None:
    users = commands.group("users", "create, list and disable accounts")
    create = users.add("create", "make an account; the password is read from standard input")
    create.add_argument("handle", metavar="NAME", help="the handle to sign in with: a-z, 0-9, - and _")
    create.add_argument("--name", help="the name that others see (default: the handle)")
    role = create.add_mutually_exclusive_group()
    role.add_argument("--admin", dest="role", action="store_const", const="admin", help="may do everything")
    role.add_argument("--author", dest="role", action="store_const", const="author", help="may have posts written")
    create.add_argument("--json", action="store_true", help="print the account as JSON")
    create.set_defaults(role="reader", run=lambda arguments: run(_create(arguments, _password())))
    listing = users.add("list", "list the accounts")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=lambda arguments: run(_list(arguments)))
    disable = users.add("disable", "close an account and revoke its tokens")
    disable.add_argument("handle", metavar="NAME")
    disable.add_argument("--json", action="store_true", help="print the account as JSON")
    disable.set_defaults(run=lambda arguments: run(_disable(arguments)))


async def _create(arguments: argparse.Namespace, password: str) -> int:
    from blogen.cli.people import open_people
    from blogen.domain.person import Scope

    async with open_people(arguments, make=True) as people:
        name = arguments.name or arguments.handle
        person = await people.create_person(arguments.handle, name, Scope(arguments.role), password)
    return _print(person, f"{person.handle} can sign in as {person.role}.", as_json=arguments.json)


async def _list(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people
    from blogen.cli.plain import moment, print_json, print_table

    async with open_people(arguments) as people:
        everyone = await people.list_people()
    if arguments.json:
        print_json({"items": [_view(person) for person in everyone], "next": None})
        return DONE
    print_table(
        ["name", "role", "created", "state", "shown as"],
        [[person.handle, person.role, moment(person.created_at), _state(person), person.name] for person in everyone],
    )
    return DONE


async def _disable(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people

    async with open_people(arguments) as people:
        person = await people.disable_person(arguments.handle)
    return _print(person, f"{person.handle} is disabled; every token of theirs is revoked.", as_json=arguments.json)


def _password() -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        password = getpass("Password: ")
        if getpass("Again: ") != password:
            raise InvalidInput("The two passwords are not the same.", remedy="Type the same one twice.")
        return password
    try:
        return sys.stdin.readline(_MAX_PASSWORD_LINE).rstrip("\r\n")
    except UnicodeDecodeError:
        raise InvalidInput("The password is not UTF-8 text.", remedy="Send it as UTF-8.") from None


def _print(person: "Person", sentence: str, *, as_json: bool) -> int:
    from blogen.cli.plain import print_json

    if as_json:
        print_json(_view(person))
    else:
        print(sentence)
    return DONE


def _state(person: "Person") -> str:
    return "disabled" if person.disabled_at else "open"


def _view(person: "Person") -> dict[str, Any]:
    from blogen.cli.plain import rfc3339

    return {
        "id": person.id,
        "handle": person.handle,
        "name": person.name,
        "role": person.role,
        "created_at": rfc3339(person.created_at),
        "disabled_at": rfc3339(person.disabled_at),
    }
