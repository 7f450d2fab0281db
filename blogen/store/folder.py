"""The data folder: one process at a time owns it.

blogen.db      the database        media/      pictures, named by their content
backups/       copies made before migrations   plugins/ prompts/ templates/   the owner's additions
cache/         compiled templates; may be deleted
lock           held while a process owns the folder     server.json   where the running server answers
"""

import errno
import fcntl
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from blogen.errors import StoreUnusable

_ROOM_TO_START_BYTES = 256 * 1024
_LOCK_ATTEMPTS = 20
_LOCK_PAUSE_SECONDS = 0.05
"""What a start itself writes; with less it would end in the middle of it."""


class DataFolder:
    """`DataFolder.claim(path)` makes the folder, checks it and locks it; `release` lets it go."""

    def __init__(self, path: Path, lock: IO[str]) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def claim(cls, path: Path) -> "DataFolder":
        """Raises StoreUnusable with the remedy if the folder cannot be made, written or locked."""
        _make(path)
        _try_writing(path)
        try:
            lock = (path / "lock").open("a+")
        except OSError as error:
            raise _unwritable(f"file {path / 'lock'}", error) from None
        try:
            _lock_soon(lock)
        except BlockingIOError:
            owner = _owner(lock)
            lock.close()
            raise StoreUnusable(
                f"The data folder {path} is in use by another Blogen{owner}.",
                remedy="Stop that one first, or choose another folder with --data-dir.",
            ) from None
        except OSError as error:
            lock.close()
            raise StoreUnusable(
                f"The data folder {path} cannot be locked ({error.strerror}).",
                remedy="Put it on a local disk; network drives without locks would lose jobs.",
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        return cls(path, lock)

    def release(self) -> None:
        self._lock.close()

    @staticmethod
    def is_claimed(path: Path) -> bool:
        """Whether a process owns the folder right now."""
        try:
            with (path / "lock").open("a+") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False


def database_path(data_dir: Path) -> Path:
    return data_dir / "blogen.db"


def has_database(data_dir: Path) -> bool:
    """Whether there is a database already. Raises StoreUnusable if that cannot be seen."""
    try:
        if data_dir.is_file():
            raise _is_a_file(data_dir)
        return database_path(data_dir).exists()
    except OSError as error:
        raise StoreUnusable(
            f"The data folder {data_dir} cannot be read ({error.strerror}).",
            remedy="Give this user the right to read and write it, or choose another folder with --data-dir.",
        ) from None


def _lock_soon(lock: IO[str]) -> None:
    """Lock it; a command that only looks, or brings the schema up to date, is done in a moment."""
    for _ in range(_LOCK_ATTEMPTS - 1):
        with suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(_LOCK_PAUSE_SECONDS)
    return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / "media").mkdir(exist_ok=True)
    except FileExistsError:
        raise _is_a_file(path) from None
    except OSError as error:
        raise _unwritable(f"data folder {path}", error) from None


def _try_writing(path: Path) -> None:
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".probe-") as probe:
            probe.write(bytes(_ROOM_TO_START_BYTES))
            probe.flush()
    except OSError as error:
        raise _unwritable(f"data folder {path}", error) from None


def _is_a_file(path: Path) -> StoreUnusable:
    return StoreUnusable(f"The data folder {path} is a file.", remedy="Choose a folder with --data-dir or data.dir.")


def _unwritable(what: str, error: OSError) -> StoreUnusable:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StoreUnusable(
            f"The disk is full: the {what} cannot be written ({error.strerror}).",
            remedy="Make room and start again, or choose another folder with --data-dir.",
        )
    return StoreUnusable(
        f"The {what} cannot be written ({error.strerror}).",
        remedy="Give this user the right to write there, or choose another folder with --data-dir.",
    )


def _owner(lock: IO[str]) -> str:
    lock.seek(0)
    pid = lock.read().strip()
    return f" (process {pid})" if pid.isdigit() else ""
