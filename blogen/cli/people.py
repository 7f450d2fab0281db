"""People and tokens for commands: the store, opened for one command."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from blogen.cli.settings import read_config
from blogen.cli.store import open_database

if TYPE_CHECKING:
    from blogen.store.people import People


@asynccontextmanager
async def open_people(arguments: argparse.Namespace, *, make: bool = False) -> AsyncIterator["People"]:
    from blogen.clock import SystemClock
    from blogen.store.people import People

    async with open_database(read_config(arguments), make=make) as database:
        yield People(database, SystemClock())
