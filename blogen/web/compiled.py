"""Compiled templates, kept in the data folder: compiling them is half of the first page of a start.

They are code, so only what nobody but this user can write is used. Whatever is wrong with the folder or a file in it,
the template is compiled as if there were none.
"""

import os
from contextlib import suppress
from pathlib import Path

from jinja2.bccache import Bucket, BytecodeCache

from blogen import __version__


class Compiled(BytecodeCache):
    """Holds for one version of Blogen, Jinja2 and Python, and one text of the template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            if _is_only_ours(self._folder):
                bucket.bytecode_from_string((self._folder / bucket.key).read_bytes())
        except Exception:  # not there, cut short, or not readable
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            if _is_only_ours(self._folder):
                aside = self._folder / f"{bucket.key}.partial"
                aside.write_bytes(bucket.bytecode_to_string())
                aside.replace(self._folder / bucket.key)

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(f"{__version__}\n{source}")


def _is_only_ours(folder: Path) -> bool:
    found = folder.lstat()
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022
