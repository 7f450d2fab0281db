"""Keys that the blog makes for itself and keeps: what signs cursors, its identity towards push services."""

from collections.abc import Callable

from blogen.store.database import Database, Transaction


class OwnKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The key `name`; at its first use what `make` gives, from then on always that."""
        row = await self._database.read_one("SELECT value FROM own_keys WHERE name = ?", (name,))
        if row is not None:
            return bytes(row["value"])
        made = make()

        def work(tx: Transaction) -> bytes:
            tx.execute(
                "INSERT INTO own_keys (name, value, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
                (name, made, tx.now_ms),
            )
            return bytes(tx.query("SELECT value FROM own_keys WHERE name = ?", (name,))[0]["value"])

        return await self._database.write(work)
