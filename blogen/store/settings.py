"""Settings: what the owner has set in the studio, a JSON value by its name."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from blogen.events import Event
from blogen.store.database import Database, Transaction

LOGO: Final = "site.logo"
"""Begins with the name of a medium, which is kept as long as this says it."""


class Settings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, Any]:
        """Every setting by its name (`site.title`), save what is no JSON, which only another hand can have written."""
        found = {}
        for row in await self._database.read("SELECT key, value FROM settings"):
            with suppress(ValueError):
                found[row["key"]] = json.loads(row["value"])
        return found

    async def write(self, work: Callable[[Transaction], None]) -> None:
        """`put_in`, and what belongs to it, in one transaction."""
        await self._database.write(work)

    @staticmethod
    def get_in(tx: Transaction, key: str) -> Any:
        """A setting's value; None if it is not set."""
        rows = tx.query("SELECT value FROM settings WHERE key = ?", (key,))
        return json.loads(rows[0]["value"]) if rows else None

    @staticmethod
    def put_in(tx: Transaction, values: Mapping[str, Any], told: Event) -> None:
        """Keep `values`, and tell `told` after the commit. None takes a setting away."""
        for key, value in values.items():
            if value is None:
                tx.execute("DELETE FROM settings WHERE key = ?", (key,))
            else:
                tx.execute(
                    "INSERT INTO settings (key, value, changed_at) VALUES (?, ?, ?)"
                    " ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
                    (key, json.dumps(value, ensure_ascii=False), tx.now_ms),
                )
        tx.publish(told)
