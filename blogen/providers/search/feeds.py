"""RSS and Atom feeds as a search engine: their entries, ranked by the words that they share with the query.

A feed is a stranger's file. It is fetched by the rules for sources, read by a parser that expands no entities and goes
only so deep, and what is left of it, well-formed and short, is what `feedparser` gets to see: that one is forgiving,
which costs it minutes with some files. One feed that fails spoils no other.
"""

import calendar
import codecs
import io
import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import anyio
import anyio.to_thread
from pydantic import AfterValidator, Field

from blogen.config.section import Network, ProviderSection
from blogen.errors import BlogenError, ProviderError, ProviderRefused, ProviderUnavailable, SourceRefused
from blogen.providers.hits import MAX_SNIPPET_CHARACTERS, MAX_TITLE_CHARACTERS, hits, plain_text, wanted_sites
from blogen.providers.hits import web_address as as_web_address
from blogen.providers.protocols import Health, SearchHit

if TYPE_CHECKING:
    from blogen.providers.fetch import Fetched, Fetcher

MAX_ENTRIES = 300
"""Entries of one feed that are looked at; feeds begin with the newest."""

_MAX_ATTRIBUTES = 100
_ENTRIES_TO_TELL = 20
_FETCHES = 8
_FAILURE_SECONDS = 30.0
_TYPES = (
    "application/xml", "+xml", "text/", "application/octet-stream",
)  # fmt: skip
_HALF_LIFE_SECONDS = 30 * 86_400
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_ENDING = re.compile(r"(?:es|s|en|er|e|n)$")


def _known_feed(url: str) -> str:
    if as_web_address(url) is None:
        raise ValueError("expected the address of a feed, such as https://example.com/feed.xml")
    return url.strip()


class Config(ProviderSection):
    """`kind = "feeds"`: RSS and Atom feeds of your choice, searched here. It needs no key and costs nothing."""

    urls: list[Annotated[str, AfterValidator(_known_feed)]] = Field(
        min_length=1, max_length=50, description="Addresses of the feeds"
    )
    allow_private: list[Network] = Field(
        default_factory=list, description="Private networks whose feeds may be fetched; all others are refused"
    )
    timeout_seconds: float = Field(
        20, gt=0, le=3600, allow_inf_nan=False, description="How long fetching one feed may take"
    )
    max_feed_bytes: int = Field(3_000_000, ge=1_000, le=50_000_000, description="Size above which a feed is left out")
    keep_seconds: float = Field(
        600,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        description="How long what a feed held is used before it is fetched again",
    )

    @property
    def is_free(self) -> bool:
        return True


class Entry(NamedTuple):
    """What a feed says of one page. `published` is in Unix seconds, 0 if it does not tell."""

    url: str
    title: str
    text: str
    published: float


class _Feed(NamedTuple):
    """A feed as it was found at `read_at`: its entries, or why there are none."""

    read_at: float
    entries: Sequence[Entry]
    problem: BlogenError | None = None


class Provider:
    """Implements `SearchEngine`."""

    def __init__(self, name: str, config: Config) -> None:
        self.name = name
        self.is_free = config.is_free
        self._config = config
        self._made: Fetcher | None = None
        self._feeds: dict[str, _Feed] = {}
        self._reading = anyio.Lock()

    async def search(self, query: str, *, language: str, limit: int = 10) -> list[SearchHit]:
        """Look through the feeds. Raises ProviderRefused or ProviderUnavailable if none of them can be read."""
        del language
        feeds = await self._read_all()
        problems = [feed.problem for feed in feeds if feed.problem is not None]
        if len(problems) == len(feeds):
            raise self._worded(problems)
        entries = [entry for feed in feeds for entry in feed.entries]
        ranked = await anyio.to_thread.run_sync(rank, wanted_sites(query).query, entries, time.time())
        return hits(((entry.url, entry.title, entry.text) for entry in ranked), limit)

    def most_usd_micros(self, request: object) -> int | None:
        """Nothing."""
        del request
        return self._config.call_usd_micros

    async def check(self) -> Health:
        """Read all feeds."""
        self._feeds.clear()
        feeds = await self._read_all()
        problems = [feed.problem for feed in feeds if feed.problem is not None]
        count = sum(len(feed.entries) for feed in feeds)
        if not problems:
            return Health(ok=True, detail=f"{len(feeds)} feeds with {count} entries can be read.")
        detail = f"{len(problems)} of {len(feeds)} feeds cannot be read: {problems[0].detail}"
        return Health(ok=False, detail=detail, remedy=self._remedy(problems[0]))

    async def close(self) -> None:
        made, self._made = self._made, None
        if made is not None:
            await made.close()

    async def _read_all(self) -> list[_Feed]:
        """All feeds, those that are not known or too old fetched side by side."""
        async with self._reading:  # who comes meanwhile finds them read
            turns = anyio.CapacityLimiter(_FETCHES)
            async with anyio.create_task_group() as tasks:
                for url in dict.fromkeys(self._config.urls):
                    if self._is_stale(self._feeds.get(url)):
                        tasks.start_soon(self._read, url, turns)
            return [self._feeds[url] for url in dict.fromkeys(self._config.urls)]

    def _is_stale(self, feed: _Feed | None) -> bool:
        if feed is None:
            return True
        keep = self._config.keep_seconds if feed.problem is None else min(self._config.keep_seconds, _FAILURE_SECONDS)
        return time.monotonic() - feed.read_at >= keep

    async def _read(self, url: str, turns: anyio.CapacityLimiter) -> None:
        async with turns:
            try:
                fetched = await self._fetcher().fetch(url, accept=_TYPES)
                entries = await anyio.to_thread.run_sync(entries_of, fetched)
            except (SourceRefused, ProviderUnavailable) as error:
                self._feeds[url] = _Feed(time.monotonic(), (), error)
            else:
                self._feeds[url] = _Feed(time.monotonic(), entries)

    def _fetcher(self) -> "Fetcher":
        from blogen.providers.fetch import Fetcher

        if self._made is None:
            self._made = Fetcher(
                timeout_seconds=self._config.timeout_seconds,
                max_bytes=self._config.max_feed_bytes,
                allow_private=self._config.allow_private,
            )
        return self._made

    def _worded(self, problems: Sequence[BlogenError]) -> ProviderError:
        """Why no feed can be read. If one may be there later, later is worth a try."""
        detail = f"None of the feeds of [{self.name}] can be read. {problems[0].detail}"
        passing = [problem for problem in problems if isinstance(problem, ProviderUnavailable)]
        if not passing:
            return ProviderRefused(detail, remedy=self._remedy(problems[0]), provider=self.name)
        pauses = [problem.retry_after_seconds for problem in passing if problem.retry_after_seconds is not None]
        return ProviderUnavailable(
            detail, remedy=self._remedy(passing[0]), provider=self.name, retry_after_seconds=min(pauses, default=None)
        )

    def _remedy(self, problem: BlogenError) -> str:
        """The fetcher's advice, with the keys of this section."""
        remedy = problem.remedy.replace("research.allow_private", f"`allow_private` of [{self.name}]")
        return remedy.replace("research.max_source_bytes", f"`max_feed_bytes` of [{self.name}]")


def entries_of(fetched: "Fetched") -> list[Entry]:
    """The entries of a feed that was fetched; takes its time, so in a thread. Raises SourceRefused."""
    import feedparser

    parsed: Any = {}
    if body := _bounded(fetched.body, fetched.charset):
        headers = {"content-type": "application/xml; charset=utf-8", "content-location": fetched.url}
        try:
            # As a stream: a text could be taken for the name of a file.
            parsed = feedparser.parse(
                io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
            )
        except Exception as error:  # whatever it trips over is the feed's fault
            raise SourceRefused(
                f"{fetched.url[:200]} cannot be read as a feed ({type(error).__name__}).",
                remedy="Give the address of another feed.",
            ) from error
    if not parsed.get("version"):
        raise SourceRefused(
            f"{fetched.url[:200]} is no RSS or Atom feed.", remedy="Give the address of the feed itself."
        )
    return [entry for entry in map(_entry, parsed["entries"][:MAX_ENTRIES]) if entry is not None]


def rank(query: str, entries: Sequence[Entry], now: float) -> list[Entry]:
    """The entries that answer `query`, the best first: those with more and rarer words of it, then the newer."""
    wanted = list(dict.fromkeys(_stems(query)))
    held = [_holding(wanted, entry) for entry in entries]
    counts = Counter(word for found in held for word in found)
    weights = {word: math.log(1 + len(entries) / counts[word]) for word in counts}
    # A word that most entries hold tells nothing of any, in whatever language it is small.
    most = len(entries) // 2 if len(entries) >= _ENTRIES_TO_TELL else len(entries)
    telling = [word for word in wanted if counts[word] <= most] or wanted
    least = max(1, len(telling) // 3)
    scored = [
        (sum(weights[word] * times for word, times in found.items()) + _freshness(entry, now), entry)
        for entry, found in zip(entries, held, strict=True)
        if sum(word in found for word in telling) >= least
    ]
    return [entry for _, entry in sorted(scored, key=lambda pair: -pair[0])]


def _bounded(body: bytes, charset: str | None) -> bytes:
    """A feed's XML, well-formed, without declarations of its own, and no longer than what is looked at."""
    from lxml import etree

    parser = etree.XMLParser(
        encoding=_charset_of(body, charset),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return b""
    if root is None or any(len(element.attrib) > _MAX_ATTRIBUTES for element in root.iter(etree.Element)):
        return b""
    etree.strip_tags(root, etree.Entity)
    items = [element for element in root.iter(etree.Element) if etree.QName(element).localname in {"item", "entry"}]
    for item in items[MAX_ENTRIES:]:
        parent = item.getparent()
        if parent is not None:
            parent.remove(item)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True))


def _charset_of(body: bytes, charset: str | None) -> str | None:
    """The charset that the server names, where the document itself names none."""
    if charset is None or body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return None
    if re.match(rb"\s*<\?xml[^>]{0,200}encoding", body):
        return None
    try:
        return codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None


def _entry(raw: Any) -> Entry | None:
    url = as_web_address(raw.get("link"))
    if url is None:
        return None
    bodies = raw.get("content")
    body = bodies[0].get("value") if isinstance(bodies, list) and bodies else None
    return Entry(
        url,
        plain_text(raw.get("title"), MAX_TITLE_CHARACTERS),
        plain_text(raw.get("summary"), MAX_SNIPPET_CHARACTERS) or plain_text(body, MAX_SNIPPET_CHARACTERS),
        _seconds(raw.get("published_parsed") or raw.get("updated_parsed")),
    )


def _seconds(moment: Any) -> float:
    try:
        return float(calendar.timegm(moment)) if moment else 0.0
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _freshness(entry: Entry, now: float) -> float:
    """Up to half a point for what is new. A date in the future is no reason to stand above all others."""
    if not 0 < entry.published <= now + 86_400:
        return 0.0
    return 0.5 * float(2 ** (-max(0.0, now - entry.published) / _HALF_LIFE_SECONDS))


def _holding(wanted: Iterable[str], entry: Entry) -> dict[str, int]:
    """Which words of a query an entry holds; those in its title count twice."""
    title, text = set(_stems(entry.title)), set(_stems(entry.text))
    return {word: 2 if word in title else 1 for word in wanted if word in title or word in text}


def _stems(text: str) -> list[str]:
    """The words of `text` without their commonest endings; pairs of signs where words are not set apart."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _UNSPACED.search(word):
            found += [word[place : place + 2] for place in range(max(1, len(word) - 1))]
        else:
            found.append(_ENDING.sub("", word) if len(word) > 4 else word)
    return found
