"""Settings: what the owner has set in the studio, a JSON value by its name."""

import json
from collections.abc import Mapping
from typing import Any

from blogen.events import Event
from blogen.store.database import Database, Transaction


class Settings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, Any]:
        """Every setting by its name (`site.title`)."""
        rows = await self._database.read("SELECT key, value FROM settings")
        return {row["key"]: json.loads(row["value"]) for row in rows}

    async def put(self, values: Mapping[str, Any], told: Event) -> None:
        """Keep `values`, all or none, and tell `told` after the commit. None takes a setting away."""

        def work(tx: Transaction) -> None:
            Settings.put_in(tx, values, told)

        await self._database.write(work)

    @staticmethod
    def put_in(tx: Transaction, values: Mapping[str, Any], told: Event) -> None:
        """As `put`, with what else belongs to it."""
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
