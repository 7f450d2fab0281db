"""The form that orders a post, as it was sent: several sources of a kind, several files, nothing too long."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiohttp import BodyPartReader, web

from blogen.web.people.forms import TOKEN_FIELD, check_token, read_multipart, unreadable
from blogen.web.people.session import Visitor

MAX_BYTES: Final = 32 * 1024 * 1024
"""Of the whole form, files included: what the API takes, too."""

_FIELD_BYTES: Final = 1024 * 1024
"""Room for 200,000 characters of any script, and then some: how many are too many is told beside the field."""
_MAX_PARTS: Final = 150


class Upload(NamedTuple):
    """A file as it came; `body` is cut off one byte past the limit."""

    name: str
    body: bytes


@dataclass(slots=True)
class Sent:
    """What was sent, in order."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return next(iter(self.fields.get(name, ())), "")

    def all(self, name: str) -> Sequence[str]:
        return self.fields.get(name, ())


async def read(request: web.Request, who: Visitor, *, max_file_bytes: int) -> Sent:
    """The form. Raises Forbidden, InvalidInput, HTTPRequestEntityTooLarge, HTTPRequestTimeout."""
    sent = await read_multipart(request, lambda: _parts(request, max_file_bytes), MAX_BYTES)
    await check_token(request, who, sent[TOKEN_FIELD])
    return sent


async def _parts(request: web.Request, max_file_bytes: int) -> Sent:
    sent, count, total = Sent(), 0, 0
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        count += 1
        if not isinstance(part, BodyPartReader) or count > _MAX_PARTS:
            raise unreadable()
        is_file = part.filename is not None
        content, size = await _content(part, max_file_bytes if is_file else _FIELD_BYTES, MAX_BYTES - total)
        total += size
        if not is_file:
            if size > _FIELD_BYTES:
                raise web.HTTPRequestEntityTooLarge(_FIELD_BYTES, size)
            sent.fields.setdefault(part.name or "", []).append(content.decode().replace("\r\n", "\n"))
        elif part.filename or content:
            sent.files.append(Upload(_plain(part.filename or "a file"), content))
    return sent


async def _content(part: BodyPartReader, limit: int, left: int) -> tuple[bytes, int]:
    """What a part holds, up to one byte past `limit`, and how long it was."""
    content, size = bytearray(), 0
    while piece := await part.read_chunk(64 * 1024):
        size += len(piece)
        if size > left:
            raise web.HTTPRequestEntityTooLarge(MAX_BYTES, size)
        if len(content) <= limit:
            content += piece[: limit + 1 - len(content)]
    return bytes(content), size


def _plain(name: str) -> str:
    """The file's name without folders, as it can be shown."""
    name = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in name if sign.isprintable())[:120] or "a file"
