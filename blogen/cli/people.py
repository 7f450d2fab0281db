"""People, their devices and tickets for commands: the stores, opened for one command."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from blogen.cli.settings import read_config
from blogen.cli.store import open_database

if TYPE_CHECKING:
    from blogen.config import Config
    from blogen.store.devices import Devices
    from blogen.store.people import People
    from blogen.store.tickets import Tickets


class Accounts(NamedTuple):
    people: "People"
    devices: "Devices"
    tickets: "Tickets"
    config: "Config"

    def address(self, path: str) -> str:
        """Where `path` is for someone at a browser: as configured, or where the server runs or would run."""
        from blogen.cli.server_file import read_server_file

        server = self.config.server
        if server.base_url:
            return f"{str(server.base_url).rstrip('/')}{path}"
        if running := read_server_file(self.config.data.dir):
            return f"{running.url}{path}"
        host = "localhost" if server.host in {"0.0.0.0", "::"} else server.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{server.port}{path}"


@asynccontextmanager
async def open_people(arguments: argparse.Namespace, *, make: bool = False) -> AsyncIterator["People"]:
    async with open_accounts(arguments, make=make) as accounts:
        yield accounts.people


@asynccontextmanager
async def open_accounts(arguments: argparse.Namespace, *, make: bool = False) -> AsyncIterator[Accounts]:
    from blogen.clock import SystemClock
    from blogen.store.devices import Devices
    from blogen.store.people import People
    from blogen.store.tickets import Tickets

    config, clock = read_config(arguments), SystemClock()
    async with open_database(config, make=make) as database:
        yield Accounts(People(database, clock), Devices(database, clock), Tickets(database, clock), config)
