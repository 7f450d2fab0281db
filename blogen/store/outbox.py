"""The outbox: what follows from a fact and must not be lost is a row in the fact's own transaction.

The courier tells it afterwards to webhooks, followers and phones. A fact stands here once, whoever puts it how often.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blogen.events import FactKept

if TYPE_CHECKING:
    from blogen.store.database import Transaction


def put(tx: Transaction, event: str, key: str, payload: Mapping[str, object]) -> bool:
    """Keep a fact to be told: `event` is its kind (`comment.created`), `key` makes it one (at most 200 characters).

    `payload` is JSON and goes out as it is: public ids and addresses, nothing secret. False if it was kept before.
    """
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    kept = tx.execute(
        "INSERT INTO outbox (event, key, payload, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (event, key, text, tx.now_ms),
    )
    if kept:
        tx.publish(FactKept(event, key))
    return bool(kept)


def moment(at_ms: int) -> str:
    """A time as it stands in what is told: RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
