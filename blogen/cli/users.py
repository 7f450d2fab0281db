"""`blogen users …`: accounts of people."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from blogen.cli.arguments import Commands, Parser
from blogen.cli.exits import DONE
from blogen.cli.running import run
from blogen.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from blogen.domain.person import Device, Person
    from blogen.store.people import People

_MAX_PASSWORD_LINE = 10_000


def add(commands: Commands) -> None:
    users = commands.group("users", "make, list, change and end accounts; invite people and let them in")
    create = users.add("create", "make an account; the password is read from standard input")
    create.add_argument("handle", metavar="NAME", help="the handle to sign in with: a-z, 0-9, - and _")
    create.add_argument("--name", help="the name that others see (default: the handle)")
    create.add_argument("--email", help="where a link for a new password may be sent")
    _add_role(create)
    _add_json(create, "the account")
    create.set_defaults(role="reader", run=lambda arguments: run(_create(arguments, _password())))
    listing = users.add("list", "list the accounts")
    _add_json(listing, "them")
    listing.set_defaults(run=lambda arguments: run(_list(arguments)))
    _about(users, "show", "show an account and what is signed in to it", _show, told="it")
    role = _about(users, "role", "let a person do more or less, at once", _change_role)
    role.add_argument("role", choices=["reader", "author", "admin"], help="what they may do from now on")
    _about(users, "disable", "close an account, revoke its tokens and sign it out everywhere", _disable)
    _about(users, "enable", "open a closed account again", _enable)
    _about(users, "sign-out", "sign a person out of every browser and app", _sign_out)
    invite = users.add("invite", "print a link by which one person may register within a week")
    _add_role(invite)
    invite.add_argument("--note", default="", help="whom it is for, to recognise it by")
    _add_json(invite, "it")
    invite.set_defaults(role="reader", run=lambda arguments: run(_invite(arguments)))
    reset = "print a link by which a person may set a new password within an hour"
    _about(users, "reset-password", reset, _reset, told="it")
    _about(users, "pair", "print a code that signs an app in as a person within ten minutes", _pair, told="it")
    delete = "delete an account for good; comments stay, as nobody's"
    deleting = _about(users, "delete", delete, _delete, told="what the account was")
    deleting.add_argument("--yes", action="store_true", required=True, help="needed: it cannot be undone")


def _about(
    users: Commands,
    verb: str,
    summary: str,
    command: Callable[[argparse.Namespace], Coroutine[Any, Any, int]],
    *,
    told: str = "the account",
) -> Parser:
    """A command about one person's account; `told` is what it prints."""
    parser = users.add(verb, summary)
    parser.add_argument("handle", metavar="NAME", help="the person's handle")
    _add_json(parser, told)
    parser.set_defaults(run=lambda arguments: run(command(arguments)))
    return parser


def _add_role(parser: Parser) -> None:
    role = parser.add_mutually_exclusive_group()
    role.add_argument("--admin", dest="role", action="store_const", const="admin", help="may do everything")
    role.add_argument("--author", dest="role", action="store_const", const="author", help="may have posts written")


def _add_json(parser: Parser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON")


async def _create(arguments: argparse.Namespace, password: str) -> int:
    from blogen.cli.people import open_people
    from blogen.domain.person import Scope

    async with open_people(arguments, make=True) as people:
        name, role = arguments.name or arguments.handle, Scope(arguments.role)
        person = await people.create_person(arguments.handle, name, role, password, email=arguments.email)
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


async def _show(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_accounts
    from blogen.cli.plain import moment, print_json, print_table

    async with open_accounts(arguments) as accounts:
        person = await _person(accounts.people, arguments.handle)
        devices = await accounts.devices.of_person(person.id)
    if arguments.json:
        print_json(_view(person) | {"devices": [_device_view(device) for device in devices]})
        return DONE
    print_table(
        ["", ""],
        [
            ["name", person.handle], ["shown as", person.name], ["role", person.role], ["state", _state(person)],
            ["e-mail", person.email or ""], ["created", moment(person.created_at)],
            *([device.kind, f"{device.name}, last used {moment(device.last_used_at)}"] for device in devices),
        ],
    )  # fmt: skip
    return DONE


async def _change_role(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people
    from blogen.domain.person import Scope

    async with open_people(arguments) as people:
        person = await people.set_role(arguments.handle, Scope(arguments.role))
    return _print(person, f"{person.handle} is {person.role} now.", as_json=arguments.json)


async def _disable(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people

    async with open_people(arguments) as people:
        person = await people.disable_person(arguments.handle)
    return _print(person, f"{person.handle} is disabled; every token of theirs is revoked.", as_json=arguments.json)


async def _enable(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people

    async with open_people(arguments) as people:
        person = await people.enable_person(arguments.handle)
    return _print(person, f"{person.handle} can sign in again.", as_json=arguments.json)


async def _sign_out(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_accounts

    async with open_accounts(arguments) as accounts:
        person = await _person(accounts.people, arguments.handle)
        await accounts.devices.revoke_others(person.id, keep=None)
    return _print(person, f"{person.handle} is signed out everywhere.", as_json=arguments.json)


async def _invite(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_accounts
    from blogen.domain.person import Scope, TicketKind

    async with open_accounts(arguments, make=True) as accounts:
        text = await accounts.tickets.make(TicketKind.INVITATION, role=Scope(arguments.role), note=arguments.note)
        ticket = await accounts.tickets.look_at(TicketKind.INVITATION, text)
        link, is_closed = accounts.address(f"/register?invitation={text}"), accounts.config.auth.sign_up == "closed"
    if is_closed:
        sys.stderr.write('blogen: nobody can register while `auth.sign_up` is "closed"; set it to "invite".\n')
    return _print_secret({"link": link, "invitation": text}, link, ticket.expires_at, as_json=arguments.json)


async def _reset(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_accounts
    from blogen.domain.person import TicketKind

    async with open_accounts(arguments) as accounts:
        person = await _person(accounts.people, arguments.handle, is_open=True)
        text = await accounts.tickets.make(TicketKind.RESET, person_id=person.id)
        ticket = await accounts.tickets.look_at(TicketKind.RESET, text)
        link = accounts.address(f"/reset/{text}")
    return _print_secret({"link": link}, link, ticket.expires_at, as_json=arguments.json)


async def _pair(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_accounts
    from blogen.domain.person import TicketKind

    async with open_accounts(arguments) as accounts:
        person = await _person(accounts.people, arguments.handle, is_open=True)
        code = await accounts.tickets.make(TicketKind.PAIRING, person_id=person.id)
        ticket = await accounts.tickets.look_at(TicketKind.PAIRING, code)
    return _print_secret({"code": code}, code, ticket.expires_at, as_json=arguments.json)


async def _delete(arguments: argparse.Namespace) -> int:
    from blogen.cli.people import open_people

    async with open_people(arguments) as people:
        person = await _person(people, arguments.handle)
        await people.delete_account(person.id)
    return _print(person, f"The account of {person.handle} is deleted.", as_json=arguments.json)


async def _person(people: "People", handle: str, *, is_open: bool = False) -> "Person":
    person = await people.by_handle(handle)
    if person is None:
        raise NotFound(f"There is no person {handle[:80]}.", remedy="`blogen users list` shows them all.")
    if is_open and person.disabled_at is not None:
        raise InvalidInput(
            f"The account of {person.handle} is disabled.", remedy="`blogen users enable` opens it again."
        )
    return person


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


def _print_secret(told: dict[str, str], alone: str, expires_at: int, *, as_json: bool) -> int:
    """What is shown this once, alone on its line."""
    from blogen.cli.plain import print_json, rfc3339

    if as_json:
        print_json(told | {"expires_at": rfc3339(expires_at)})
    else:
        print(alone)
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
        "email": person.email,
        "created_at": rfc3339(person.created_at),
        "disabled_at": rfc3339(person.disabled_at),
    }


def _device_view(device: "Device") -> dict[str, Any]:
    from blogen.cli.plain import rfc3339

    return {
        "id": device.id,
        "kind": device.kind,
        "name": device.name,
        "scope": device.scope,
        "created_at": rfc3339(device.created_at),
        "last_used_at": rfc3339(device.last_used_at),
        "expires_at": rfc3339(device.expires_at),
    }
