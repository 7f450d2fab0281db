"""Compiled templates, kept in the data folder: compiling them is half of the first page of a start.

They are code, so only what nobody but this user can write is used. Whatever is wrong with the folder or a file in it,
the template is compiled as if there were none.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from jinja2.bccache import Bucket, BytecodeCache

from blogen import __version__

_DIGEST_BYTES = 32


class Compiled(BytecodeCache):
    """Holds for one version of Blogen, Jinja2 and Python, and one text of the template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            if _is_only_ours(self._folder):
                kept = (self._folder / bucket.key).read_bytes()
                if _digest(kept[_DIGEST_BYTES:]) == kept[:_DIGEST_BYTES]:  # reading damaged code can end the process
                    bucket.bytecode_from_string(kept[_DIGEST_BYTES:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if _is_only_ours(self._folder):
                aside = self._folder / f"{bucket.key}.partial"
                code = bucket.bytecode_to_string()
                aside.write_bytes(_digest(code) + code)
                aside.replace(self._folder / bucket.key)

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(f"{__version__}\n{source}")


def _digest(code: bytes) -> bytes:
    return hashlib.sha256(code).digest()


def _is_only_ours(folder: Path) -> bool:
    found = folder.lstat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022
