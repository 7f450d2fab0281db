"""Fonts for pictures: ours for Latin, Greek and Cyrillic; the owner's and the system's for whatever else there is.

Pillow draws an empty box for a letter that a font lacks and cannot be asked beforehand, so the font's own table of
letters is read here (OpenType `cmap`, formats 4 and 12). Pillow is imported late.
"""

from __future__ import annotations

import mmap
import os
import struct
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

OWN: Final = Path(str(files("fontpkg_source_serif_4") / "files" / "SourceSerif4[opsz,wght].ttf"))
"""Source Serif 4, variable in optical size (8 to 60 points) and weight (200 to 900)."""

SYSTEM: Final = tuple(
    Path(folder).expanduser()
    for folder in (
        "~/.local/share/fonts", "~/.fonts", "/usr/local/share/fonts", "/usr/share/fonts", "/Library/Fonts",
        "/System/Library/Fonts", "C:/Windows/Fonts",
    )
)  # fmt: skip

_MOST_FILES = 3000
_MOST_FACES = 100
_MOST_STRETCHES = 100_000
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_SHAPED: Final = (
    (0x0600, 0x07BF), (0x0840, 0x08FF), (0x0900, 0x0DFF), (0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x18AF),
    (0xFB50, 0xFDFF), (0xFE70, 0xFEFE),
)  # fmt: skip
"""Scripts whose letters join or move, so that a row of glyphs does not write them."""


@dataclass(frozen=True, slots=True)
class Face:
    """One font of a file; `index` counts within a collection."""

    path: Path
    index: int = 0

    def has(self, letter: str) -> bool:
        starts, ends = _letters(self)
        place = bisect_right(starts, ord(letter))
        return place > 0 and ord(letter) <= ends[place - 1]

    def at(self, size: int, weight: int) -> FreeTypeFont:
        """Ready to draw, `size` in pixels; `weight` (200 to 900) where the font varies in it."""
        return _opened(self, size, weight)


class Fonts:
    """Ours first, then those in `folders`, in this order; they are looked at when a text needs them."""

    def __init__(self, folders: Sequence[Path] = SYSTEM) -> None:
        self._folders = tuple(folders)
        self._own = Face(OWN)

    def drawable(self, text: str, language: str = "") -> str:
        """`text` without signs that no font has, such as most emoji; empty if a letter or digit is among them."""
        kept = []
        for sign in text:
            if self.of(sign, language) is not None:
                kept.append(sign)
            elif unicodedata.category(sign)[0] in "LNM":
                return ""
        if any(_needs_shaping(sign) for sign in kept) and not can_shape():
            return ""
        return " ".join("".join(kept).split())

    def one(self, text: str, language: str = "") -> Face | None:
        """A font that has all of `text`, if there is one."""
        visible = {sign for sign in text if _draws(sign)}
        faces = (
            self._own,
            *(() if all(map(self._own.has, visible)) else _found(self._folders, _script(text, language))),
        )
        return next((face for face in faces if all(map(face.has, visible))), None)

    def of(self, sign: str, language: str = "") -> Face | None:
        """A font that has this one sign; any will do for what is not seen."""
        if not _draws(sign) or self._own.has(sign):
            return self._own
        found = _found(self._folders, _script(sign, language))
        return next((face for face in found if face.has(sign)), None)


@cache
def can_shape() -> bool:
    """Whether letters that join and texts from right to left can be drawn: Pillow needs FriBiDi for it."""
    from PIL import features

    return bool(features.check("raqm"))


def _needs_shaping(sign: str) -> bool:
    return any(first <= ord(sign) <= last for first, last in _SHAPED) or unicodedata.bidirectional(sign) in {"R", "AL"}


def _draws(sign: str) -> bool:
    """Whether a font must have it: spaces and marks of direction are not seen."""
    return not sign.isspace() and unicodedata.category(sign) != "Cf" and not "\ufe00" <= sign <= "\ufe0f"


def _script(text: str, language: str) -> str:
    """A word that tells apart fonts of one Han, each drawn for another country; else empty."""
    if not any("\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7ff" for sign in text):
        return ""
    primary, _, region = language.lower().partition("-")
    if primary == "zh":
        return "TC" if region.startswith(("hant", "tw", "hk", "mo")) else "SC"
    return {"ja": "JP", "ko": "KR"}.get(primary, "SC")


@lru_cache(maxsize=16)
def _found(folders: tuple[Path, ...], script: str) -> tuple[Face, ...]:
    """The faces of these folders, the most fitting ones first: serifs and bold ones, upright, for that script."""
    ranked: list[tuple[tuple[int, ...], str, Face]] = []
    for place, folder in enumerate(folders):
        for path in _files(folder):
            for index, name in enumerate(_names(path)):
                low = name.lower()
                if any(word in low for word in ("mono", "emoji", "symbol", "italic", "oblique", "condensed", "thin")):
                    continue
                rank = (
                    bool(script) and script not in name.replace("Sans", ""),
                    place if place == 0 else 1,
                    "serif" not in low and "amiri" not in low and "ming" not in low,
                    "bold" not in low and "black" not in low,
                )
                ranked.append((tuple(map(int, rank)), str(path), Face(path, index)))
    return tuple(face for _, _, face in sorted(ranked, key=lambda found: found[:2])[:_MOST_FACES])


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            if name.lower().endswith(_SUFFIXES):
                yield Path(parent) / name
                count += 1
                if count >= _MOST_FILES:
                    return


def _names(path: Path) -> list[str]:
    """A name for each face of the file: its full name, else the file's."""
    from PIL import ImageFont

    names = []
    for index in range(_faces(path)):
        try:
            names.append(" ".join(part or "" for part in ImageFont.truetype(path, 10, index=index).getname()))
        except OSError:
            break
    return names


def _faces(path: Path) -> int:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return 0
    if head[:4] != b"ttcf":
        return 1
    return int(min(struct.unpack(">I", head[8:12])[0], _MOST_FACES))


@lru_cache(maxsize=32)
def _opened(face: Face, size: int, weight: int) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.truetype(face.path, size, index=face.index)
    try:
        axes = font.get_variation_axes()
    except (OSError, NotImplementedError):
        return font
    wanted = []
    for axis in axes:
        name = str(axis["name"]).lower()
        value = weight if "weight" in name else size if "optical" in name else axis["default"] or 0
        wanted.append(float(min(max(value, axis["minimum"] or 0), axis["maximum"] or value)))
    font.set_variation_by_axes(wanted)
    return font


@lru_cache(maxsize=_MOST_FACES)
def _letters(face: Face) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The code points that the font draws: where each stretch of them begins, and where it ends.

    A file that is no font has none.
    """
    try:
        with face.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = sorted(_stretches(content, face.index))
    except (OSError, ValueError, struct.error):
        return (), ()
    return tuple(first for first, _ in found), tuple(last for _, last in found)


def _stretches(content: mmap.mmap, index: int) -> Iterator[tuple[int, int]]:
    start = struct.unpack_from(">I", content, 12 + 4 * index)[0] if content[:4] == b"ttcf" else 0
    tables = struct.unpack_from(">H", content, start + 4)[0]
    for number in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", content, start + 12 + 16 * number)
        if tag == b"cmap":
            # Of several tables the one that knows the most: their stretches may overlap.
            yield from max((list(_mapped(content, table)) for table in _unicode_tables(content, offset)), key=_size)


def _size(stretches: list[tuple[int, int]]) -> int:
    return sum(last - first + 1 for first, last in stretches)


def _unicode_tables(content: mmap.mmap, offset: int) -> Iterator[int]:
    for number in range(struct.unpack_from(">H", content, offset + 2)[0]):
        platform, encoding, place = struct.unpack_from(">HHI", content, offset + 4 + 8 * number)
        if platform == 0 or (platform == 3 and encoding in {1, 10}):
            yield offset + place


def _mapped(content: mmap.mmap, table: int) -> Iterator[tuple[int, int]]:
    kind = struct.unpack_from(">H", content, table)[0]
    if kind == 12:
        for group in range(min(struct.unpack_from(">I", content, table + 12)[0], _MOST_STRETCHES)):
            first, last, glyph = struct.unpack_from(">III", content, table + 16 + 12 * group)
            yield first + (glyph == 0), last
    elif kind == 4:
        segments = struct.unpack_from(">H", content, table + 6)[0] // 2
        ends = struct.unpack_from(f">{segments}H", content, table + 14)
        starts = struct.unpack_from(f">{segments}H", content, table + 16 + 2 * segments)
        yield from ((first, last) for first, last in zip(starts, ends, strict=True) if first != 0xFFFF)
