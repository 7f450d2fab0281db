"""What is kept of a person, kind by kind: what they get when they ask for it. Secrets and their hashes are left out."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NamedTuple


class Belonging(NamedTuple):
    """One kind of row. It is read in pieces along an index: `FROM … WHERE … = person`, then by `key`."""

    name: str
    columns: str
    source: str
    """What follows FROM."""
    owner: str
    """The column that says whose it is."""
    key: tuple[str, ...]
    """What the rest of the index is sorted by: after it the next piece goes on."""

    def piece(self, person_id: str, after: Sequence[object] | None, limit: int) -> tuple[str, tuple[object, ...]]:
        """The query of the rows behind `after`, and its parameters."""
        keys = ", ".join(self.key)
        named = ", ".join(f"{column} AS key_{number}" for number, column in enumerate(self.key))
        behind = f" AND ({keys}) > ({', '.join('?' * len(self.key))})" if after else ""
        return (
            f"SELECT {self.columns}, {named} FROM {self.source} WHERE {self.owner} = ?{behind} ORDER BY {keys} LIMIT ?",
            (person_id, *(after or ()), limit),
        )

    def told(self, row: sqlite3.Row) -> dict[str, Any]:
        return {name: row[name] for name in row.keys() if not name.startswith("key_")}  # noqa: SIM118

    def key_of(self, row: sqlite3.Row) -> tuple[object, ...]:
        return tuple(row[f"key_{number}"] for number in range(len(self.key)))


_POST = "JOIN posts AS p ON p.id = {of}.post_id"

BELONGINGS: Final = (
    Belonging(
        "account", "id, handle, name, role, email, bio, avatar, hides_unreviewed, is_trusted, created_at", "people",
        "id", ("id",),
    ),
    Belonging(
        "devices", "id, kind, name, scope, created_at, last_used_at, expires_at", "devices", "person_id", ("id",)
    ),
    Belonging(
        "tokens", "id, scope, label, created_at, last_used_at, expires_at, revoked_at", "tokens", "person_id", ("id",)
    ),
    Belonging("passkeys", "name, created_at, last_used_at", "passkeys", "person_id", ("id",)),
    Belonging(
        "likes", "p.slug AS post, l.at", f"likes AS l {_POST.format(of='l')}", "l.person_id", ("l.post_id",)
    ),
    Belonging(
        "bookmarks", "p.slug AS post, b.list, b.at", f"bookmarks AS b {_POST.format(of='b')}", "b.person_id",
        ("b.post_id",),
    ),
    Belonging(
        "followed_authors", "a.handle AS author, f.at",
        "author_follows AS f JOIN authors AS a ON a.id = f.author_id", "f.person_id", ("f.author_id",),
    ),
    Belonging("followed_tags", "tag, at", "tag_follows", "person_id", ("tag",)),
    Belonging(
        "reading_progress", "p.slug AS post, r.block, r.fraction, r.at",
        f"reading_progress AS r {_POST.format(of='r')}", "r.person_id", ("r.post_id",),
    ),
    Belonging(
        "comments", "c.id, p.slug AS post, c.parent_id, c.markdown, c.state, c.created_at, c.edited_at",
        f"comments AS c {_POST.format(of='c')}", "c.person_id", ("c.id",),
    ),
    Belonging("notifications", "id, kind, detail, created_at, read_at", "notifications", "person_id", ("id",)),
    Belonging(
        "blocked_and_muted", "o.handle AS person, v.kind, v.at",
        "aversions AS v JOIN people AS o ON o.id = v.other_id", "v.person_id", ("v.other_id", "v.kind"),
    ),
    Belonging("reports", "id, comment_id, post_id, block, note, created_at, closed_at, outcome", "reports", "person_id",
              ("id",)),
    Belonging(
        "push_subscriptions", "id, endpoint, created_at, last_ok_at", "push_subscriptions", "person_id", ("id",)
    ),
)  # fmt: skip
