"""The database for commands that move no job: opened directly, also while a server works on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from blogen.errors import NotFound

if TYPE_CHECKING:
    from blogen.config import Config
    from blogen.store.database import Database


@asynccontextmanager
async def open_database(config: "Config", *, make: bool = False) -> AsyncIterator["Database"]:
    """The database, brought up to date first unless a server has done that. With `make` it may be new."""
    from blogen.store.database import Database
    from blogen.store.folder import DataFolder, database_path, has_database

    path = database_path(config.data.dir)
    if not make and not has_database(config.data.dir):
        raise NotFound(
            f"There is no blog in {config.data.dir} yet.",
            remedy="Start it with `blogen serve`, or name its folder with --data-dir.",
        )
    if not DataFolder.is_claimed(config.data.dir):
        await asyncio.to_thread(_bring_up_to_date, config)
    database = await Database.open(path)
    try:
        yield database
    finally:
        await database.close()


def _bring_up_to_date(config: "Config") -> None:
    from blogen.store.folder import DataFolder, database_path
    from blogen.store.schema import prepare

    folder = DataFolder.claim(config.data.dir)
    try:
        prepare(database_path(folder.path), keep_backups=config.backup.keep)
    finally:
        folder.release()
