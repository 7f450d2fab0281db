"""What search engines have in common: a query's form, and hits made of what an engine sent.

An engine hands on what strangers wrote about themselves. Out of it come plain text of bounded length and addresses of
web pages, nothing else. Which sites are wanted stands in the query itself, as `site:` and `-site:`, which most engines
understand; `wanted_sites` takes it out again for those that do not.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from blogen.providers.protocols import SearchHit

MAX_QUERY_CHARACTERS = 400
MAX_QUERY_WORDS = 50
MAX_TITLE_CHARACTERS = 300
MAX_SNIPPET_CHARACTERS = 600
MAX_URL_CHARACTERS = 2000
MAX_ENTRIES = 500
"""So many results of one answer are looked at."""

_MAX_NAMED_SITES = 5
_JOINERS = "\u200c\u200d"  # letters of Persian and of many Indian languages need them
_TAG = re.compile(r"<(?:/?[A-Za-z][^<>]{0,2000}|!--[^<>]{0,2000})>")
_SITE = re.compile(r"(?P<minus>-?)site:(?P<host>[\w.\-]+)", re.IGNORECASE)
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|yclid)(?:=|$)", re.IGNORECASE)


class Sites(NamedTuple):
    """A query without its `site:` words, and what those said."""

    query: str
    only: list[str]
    without: list[str]


def tidy_query(query: str) -> str:
    """`query` on one line, as long as every engine takes it."""
    words = _without_control(query).split()[:MAX_QUERY_WORDS]
    line = " ".join(words)
    if len(line) <= MAX_QUERY_CHARACTERS:
        return line
    cut = line[:MAX_QUERY_CHARACTERS]
    return cut.rpartition(" ")[0] or cut


def with_sites(query: str, only: Sequence[str], without: Sequence[str]) -> str:
    """`query`, asking for these sites only and for none of those; unchanged where they are too many to be named."""
    words = []
    if only and len(only) <= _MAX_NAMED_SITES:
        named = " OR ".join(f"site:{host}" for host in only)
        words.append(f"({named})" if len(only) > 1 else named)
    if len(without) <= _MAX_NAMED_SITES:
        words += [f"-site:{host}" for host in without]
    room = MAX_QUERY_CHARACTERS - sum(len(word) + 1 for word in words)
    return " ".join([query[: max(room, 0)].strip(), *words]) if words and room > 20 else query


def wanted_sites(query: str) -> Sites:
    """Take the `site:` words out of a query."""
    only: list[str] = []
    without: list[str] = []
    for found in _SITE.finditer(query):
        (without if found["minus"] else only).append(found["host"].lower())
    plain = re.sub(r"\((?:\s|\bOR\b)*\)", " ", _SITE.sub(" ", query)) if only or without else query
    return Sites(" ".join(plain.split()), only, without)


def hits(found: Iterable[tuple[object, object, object]], limit: int) -> list[SearchHit]:
    """Hits of `(url, title, snippet)` as they came, in their order; what cannot be used is left out."""
    unique: dict[str, SearchHit] = {}
    for number, (url, title, snippet) in enumerate(found):
        if len(unique) >= limit or number >= MAX_ENTRIES:
            break
        address = web_address(url)
        if address is None:
            continue
        shown = plain_text(title, MAX_TITLE_CHARACTERS) or address[:MAX_TITLE_CHARACTERS]
        hit = SearchHit(url=address, title=shown, snippet=plain_text(snippet, MAX_SNIPPET_CHARACTERS))
        unique.setdefault(comparable(address), hit)
    return list(unique.values())


def plain_text(value: object, limit: int) -> str:
    """`value` as one line of plain text, without tags; empty if it is no text."""
    if not isinstance(value, str):
        return ""
    text = html.unescape(_TAG.sub(" ", value[: 20 * limit]))
    text = " ".join(_without_control(_TAG.sub(" ", text)).split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "…"


def web_address(value: object) -> str | None:
    """`value` if it is the address of a web page that may be looked up; None for anything else."""
    if not isinstance(value, str):
        return None
    url = value.strip()
    if not url or len(url) > MAX_URL_CHARACTERS or not url.isprintable() or any(sign.isspace() for sign in url):
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return url if usable and parts.username is None and parts.password is None else None


def comparable(url: str) -> str:
    """What two addresses of the same page have in common: no scheme, no `www.`, no fragment, no tracking."""
    parts = urlsplit(url)
    host = host_of(url).removeprefix("www.")
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    query = "&".join(field for field in parts.query.split("&") if field and not _TRACKING.match(field))
    return f"{host}{port}{parts.path.rstrip('/')}{'?' if query else ''}{query}"


def host_of(url: str) -> str:
    """The host of an address in the form that names are compared in."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host


def _without_control(text: str) -> str:
    """Without signs that do not show but act: line ends become spaces, directions of writing and the like go."""
    return "".join(
        " " if sign.isspace() else sign
        for sign in text
        if sign.isspace() or sign in _JOINERS or unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co"}
    )
