"""`--source`: files and web addresses, read and refused with clear words before a job is made."""

import re
from collections.abc import Sequence
from pathlib import Path

from blogen.domain.job import TextSource, UrlSource
from blogen.errors import BlogenError, FieldError, SourceRefused

MAX_CHARACTERS = 200_000
_TITLE_CHARACTERS = 300


async def read_sources(given: Sequence[str], *, max_bytes: int) -> list[UrlSource | TextSource]:
    """All sources, in order. Raises SourceRefused with every one that cannot be used."""
    sources: list[UrlSource | TextSource] = []
    refused: list[tuple[str, BlogenError]] = []
    for word in given:
        try:
            sources.append(await read_source(word, max_bytes=max_bytes))
        except SourceRefused as error:
            refused.append((word, error))
    if len(refused) == 1:
        raise refused[0][1]
    if refused:
        raise SourceRefused(
            f"{len(refused)} sources cannot be used.", errors=[FieldError(word, str(error)) for word, error in refused]
        )
    return sources


async def read_source(word: str, *, max_bytes: int) -> UrlSource | TextSource:
    """One source: an address as it is, a file as its readable text under its own title. Raises SourceRefused."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", word):
        return _address(word)

    from blogen.providers.readable import read_file

    path = Path(word).expanduser()
    found = await read_file(path, max_bytes)
    if len(found.text) > MAX_CHARACTERS:
        raise SourceRefused(
            f"{path} has {len(found.text):,} characters; a source may have {MAX_CHARACTERS:,} at most.",
            remedy="Give the part that matters, or split it into several files, each with --source.",
        )
    return TextSource(kind="text", title=found.title[:_TITLE_CHARACTERS], text=found.text)


def _address(word: str) -> UrlSource:
    from pydantic import ValidationError

    try:
        return UrlSource.model_validate({"kind": "url", "url": word})
    except ValidationError as error:
        raise SourceRefused(
            f"{word[:200]} is no web address that can be read: {error.errors(include_url=False)[0]['msg']}.",
            remedy="Give a complete address such as https://example.com/page, or the path of a file.",
        ) from None
