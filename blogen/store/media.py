"""Media: files named by their content, `ab/<sha256>.<ext>`; what is under a name never changes."""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from blogen.errors import InvalidInput, StoreUnavailable
from blogen.events import Bus, Event, MediumDropped
from blogen.store.database import Database, Transaction
from blogen.store.settings import LOGO

MEDIA_TYPES = {
    "avif": "image/avif",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
"""What may be stored, by extension. Nothing here can carry a script."""

_EXTENSIONS = {media_type: ext for ext, media_type in MEDIA_TYPES.items()}
_NAME = re.compile(rf"[0-9a-f]{{64}}\.(?:{'|'.join(MEDIA_TYPES)})")


class Medium(NamedTuple):
    """A stored file as its row says."""

    name: str
    """`<sha256>.<ext>`"""
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None
    made_by: str

    @property
    def url(self) -> str:
        return f"/media/{self.name}"


class MediaFile(NamedTuple):
    """Where the bytes of a medium are."""

    path: Path
    media_type: str


class Media:
    def __init__(self, folder: Path, database: Database, bus: Bus) -> None:
        self._folder = folder
        self._database = database
        self._adding: dict[str, int] = {}
        """How often each of these names is being stored at this moment."""
        bus.subscribe(self._hear, MediumDropped)

    async def add(
        self, content: bytes, media_type: str, *, width: int | None = None, height: int | None = None, made_by: str = ""
    ) -> Medium:
        """Store `content` durably. The same content is stored once; its first row stays."""
        ext = _EXTENSIONS.get(media_type)
        if ext is None:
            raise InvalidInput(
                f"Media of type {media_type!r} cannot be stored.", remedy=f"Use one of: {', '.join(_EXTENSIONS)}."
            )
        digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        medium = Medium(f"{digest}.{ext}", media_type, len(content), width, height, made_by)

        def work(tx: Transaction) -> None:
            tx.execute(
                "INSERT INTO media (sha256, ext, media_type, size_bytes, width, height, made_by, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
                (digest, ext, media_type, len(content), width, height, made_by, tx.now_ms),
            )

        with self._held(medium.name):
            await asyncio.to_thread(self._put, content, medium.name)
            await self._database.write(work)
        return medium

    async def by_name(self, name: str) -> Medium | None:
        """The row of `<sha256>.<ext>`."""
        row = await self._database.read_one(
            "SELECT sha256 || '.' || ext AS name, media_type, size_bytes, width, height, made_by"
            " FROM media WHERE sha256 = ?",
            (name.partition(".")[0],),
        )
        return Medium(**dict(row)) if row and row["name"] == name else None

    def open(self, name: str) -> MediaFile | None:
        """Where the file of that name is; None for anything that is not the name of a medium."""
        if not _NAME.fullmatch(name):
            return None
        return MediaFile(self._path(name), MEDIA_TYPES[name.partition(".")[2]])

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _put(self, content: bytes, name: str) -> None:
        path = self._path(name)
        try:
            if not (path.exists() and path.stat().st_size == len(content)):
                _write_durably(path, content)
        except OSError as error:
            raise _unavailable(error) from error

    @contextlib.contextmanager
    def _held(self, name: str) -> Iterator[None]:
        """Whoever drops `name` meanwhile leaves its file, for there will be a row again."""
        self._adding[name] = self._adding.get(name, 0) + 1
        try:
            yield
        finally:
            self._adding[name] -= 1
            if not self._adding[name]:
                del self._adding[name]

    def _hear(self, event: Event) -> None:
        if type(event) is MediumDropped and event.name not in self._adding and _NAME.fullmatch(event.name):
            with contextlib.suppress(OSError):
                self._path(event.name).unlink(missing_ok=True)


def drop(tx: Transaction, name: str) -> None:
    """Within a transaction: let go of a picture, unless somebody or something else shows it; its file goes after it."""
    digest = name.partition(".")[0]
    tx.execute(
        "DELETE FROM media WHERE sha256 = ? AND NOT EXISTS (SELECT 1 FROM people WHERE avatar = ?)"
        " AND NOT EXISTS (SELECT 1 FROM authors WHERE avatar = ?)"
        " AND NOT EXISTS (SELECT 1 FROM settings WHERE key = ? AND value LIKE ?)",
        (digest, name, f"/media/{name}", LOGO, f'["{name}"%'),
    )
    if not is_known(tx, name):
        tx.publish(MediumDropped(name))


def is_known(tx: Transaction, name: str) -> bool:
    return bool(tx.query("SELECT 1 FROM media WHERE sha256 = ?", (name.partition(".")[0],)))


def _write_durably(path: Path, content: bytes) -> None:
    """After a crash there is the whole file under its name, or none."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        _sync(path.parent.parent)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(error: OSError) -> StoreUnavailable:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreUnavailable(
            "The disk that holds the data folder is full.", remedy="Make room; waiting jobs go on by themselves."
        )
    return StoreUnavailable(
        f"A picture cannot be written to the data folder ({error.strerror}).",
        remedy="Check the data folder's disk and rights; `blogen doctor`.",
    )
