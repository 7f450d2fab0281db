"""The one way in which Blogen fetches what a stranger's link points to.

http and https only; no credentials, cookies or proxies; usual ports; the address that was checked is the address
connected to; every redirect is checked anew; size (also unpacked), time and media type are limited.
"""

import re
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

import anyio

from blogen import __version__
from blogen.clock import Clock, SystemClock
from blogen.errors import BlogenError, ProviderUnavailable, SourceRefused
from blogen.providers.addresses import Network, networks_of
from blogen.providers.guard import Guard, Resolve, spoken
from blogen.providers.unpacking import ACCEPTED_ENCODINGS, TooLong, Unpacking, Unreadable

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

TEXT_TYPES: tuple[str, ...] = (
    "text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/x-markdown", "text/x-rst",
    "application/xml", "text/xml", "application/json", "+xml", "+json",
)  # fmt: skip
"""What can be read as text: exact types, beginnings that end in `/`, and endings that begin with `+`."""

USER_AGENT = f"Mozilla/5.0 (compatible; Blogen/{__version__})"
MAX_REDIRECTS = 5
MAX_URL_LENGTH = 4000


class Fetched(NamedTuple):
    """What came: `url` is where it was found in the end; `media_type` is lower case, empty if none was given."""

    url: str
    status: int
    media_type: str
    charset: str | None
    body: bytes


class Fetcher:
    """Fetches pages. Private addresses are refused unless they lie in `allow_private` or the host is in `allow_hosts`.

    Failures that repeating cannot mend are `SourceRefused`, all others `ProviderUnavailable`.
    """

    def __init__(
        self,
        timeout_seconds: float = 20,
        max_bytes: int = 10_000_000,
        allow_private: Iterable[Network | str] = (),
        user_agent: str = USER_AGENT,
        *,
        allow_hosts: Iterable[str] = (),
        resolve: Resolve | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes
        self._user_agent = user_agent
        self._guard = Guard(networks_of(allow_private), frozenset(allow_hosts), resolve)
        self._clock = clock or SystemClock()
        self._http: aiohttp.ClientSession | None = None

    def check(self, url: str) -> None:
        """Refuse at once what the address alone forbids: its form, or a private address that it spells out.

        Asks no resolver; what a name leads to is checked when it is fetched. Raises SourceRefused.
        """
        target = _parsed(url)
        self._guard.check_literal(target.host or "", target.port or 0)

    async def fetch(self, url: str, *, accept: Sequence[str] = TEXT_TYPES) -> Fetched:
        """Fetch one page, following redirects. Raises SourceRefused, ProviderUnavailable."""
        import aiohttp

        target = _parsed(url)
        try:
            with anyio.fail_after(self._timeout_seconds):
                return await self._follow(target, accept)
        except TimeoutError as error:
            detail = f"{_shown(target)} did not answer within {self._timeout_seconds:g} s."
            raise _unavailable(detail) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _worded(error, target) from error

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def _follow(self, url: "URL", accept: Sequence[str]) -> Fetched:
        seen = {url}
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._get(url, accept)
            if isinstance(answer, Fetched):
                return answer
            if answer in seen:
                raise _refused(f"{_shown(url)} redirects in a circle.", "Give the address of the page itself.")
            seen.add(answer)
            url = answer
        raise _refused(
            f"{_shown(url)} redirects more than {MAX_REDIRECTS} times.", "Give the address of the page itself."
        )

    async def _get(self, url: "URL", accept: Sequence[str]) -> "Fetched | URL":
        """The page, or where it redirects to."""
        self._guard.check_literal(url.host or "", url.port or 0)
        async with self._session().get(url, allow_redirects=False) as response:
            if response.status in {301, 302, 303, 307, 308} and (location := response.headers.get("Location")):
                return _parsed(location, base=url)
            _check_status(url, response.status, response.headers.get("Retry-After"), self._clock)
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if media_type and not _is_accepted(media_type, accept):
                raise _refused(
                    f"{_shown(url)} is {_kind_of(media_type)}, not a page that can be read as text.",
                    "Give a web page or a text file.",
                )
            body = await self._read(url, response)
            if not media_type and b"\0" in body[:4096] and accept is TEXT_TYPES:
                raise _refused(f"{_shown(url)} is a binary file, not a text.", "Give a web page or a text file.")
            return Fetched(str(url), response.status, media_type, _charset(response.headers), body)

    async def _read(self, url: "URL", response: "aiohttp.ClientResponse") -> bytes:
        length = response.headers.get("Content-Length", "")
        body = bytearray()
        try:
            unpacking = Unpacking(response.headers.get("Content-Encoding", ""), self._max_bytes)
            if length.isdigit() and int(length) > self._max_bytes:
                raise TooLong(self._max_bytes)
            async for piece in response.content.iter_any():
                body += unpacking.feed(piece)
            unpacking.finish()
        except TooLong as error:
            raise _refused(
                f"{_shown(url)} is larger than {_megabytes(self._max_bytes)}.",
                "Give a shorter source, or raise research.max_source_bytes.",
            ) from error
        except Unreadable as error:
            raise _refused(f"{_shown(url)} cannot be unpacked: {error}.") from error
        return bytes(body)

    def _session(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._http is None:
            connector = aiohttp.TCPConnector(
                resolver=self._guard, use_dns_cache=False, limit=50, limit_per_host=4, force_close=True
            )
            self._http = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(10.0, self._timeout_seconds)),
                headers={
                    "User-Agent": self._user_agent,
                    "Accept": "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.5",
                    "Accept-Encoding": ACCEPTED_ENCODINGS,
                },
            )
            # Whether it is tried again, and when, is told by the step that asked. It has no public switch.
            self._http._retry_connection = False
        return self._http


def _parsed(text: str, *, base: "URL | None" = None) -> "URL":
    """`text` as an address that may be fetched as far as its form goes."""
    from yarl import URL

    if len(text) > MAX_URL_LENGTH:
        raise _refused(f"The address is longer than {MAX_URL_LENGTH} characters.")
    try:
        url = URL(text.strip())
        url = (base.join(url) if base is not None else url).with_fragment(None)
        scheme, host, _ = url.scheme, url.host, url.port
    except ValueError:
        raise _refused(f"{_quoted(text)} is not a valid address.", _HTTP_WANTED) from None
    if scheme not in {"http", "https"} or not host:
        what = f"{scheme}: addresses are not fetched." if scheme else "not the address of a web page."
        raise _refused(f"{_quoted(text)}: {what}" if scheme else f"{_quoted(text)} is {what}", _HTTP_WANTED)
    if url.user is not None or url.password is not None:
        raise _refused(
            f"The address of a page on {host} carries a user or a password.", "Give it without what stands before @."
        )
    if any(ord(sign) < 33 for sign in host):
        raise _refused(f"{_quoted(text)} is not a valid address.", _HTTP_WANTED)
    return url


_HTTP_WANTED = "Give an address that begins with https:// or http://."


def _check_status(url: "URL", status: int, retry_after: str | None, clock: Clock) -> None:
    if 200 <= status < 300:
        return
    if status in {408, 425, 429} or status >= 500:
        raise _unavailable(f"{_shown(url)} answered {status}.", _pause(retry_after, clock))
    words = {401: "wants a sign-in", 403: "does not let us read it", 404: "does not exist", 410: "is gone"}
    remedy = "Check the address." if status in {404, 410} else "Paste its text instead."
    raise _refused(f"{_shown(url)} {words.get(status, 'cannot be read')} ({status}).", remedy)


def _pause(retry_after: str | None, clock: Clock) -> float | None:
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return min(float(retry_after), 86_400.0)
    with suppress(ValueError, TypeError):
        return min(max(parsedate_to_datetime(retry_after).timestamp() - clock.now_ms() / 1000, 0.0), 86_400.0)
    return None


def _is_accepted(media_type: str, accept: Sequence[str]) -> bool:
    return any(
        media_type == known
        or (known.endswith("/") and media_type.startswith(known))
        or (known.startswith("+") and media_type.endswith(known) and not media_type.startswith("image/"))
        for known in accept
    )


def _kind_of(media_type: str) -> str:
    if media_type == "application/pdf":
        return "a PDF"
    family = media_type.partition("/")[0]
    return {"image": "a picture", "video": "a video", "audio": "a sound"}.get(family, f"of type {media_type[:60]}")


def _charset(headers: object) -> str | None:
    content_type = getattr(headers, "get", lambda *_: "")("Content-Type", "")
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", content_type, re.I)
    return found[1].lower() if found else None


def _worded(error: Exception, url: "URL") -> BlogenError:
    import aiohttp

    if (refusal := spoken(error)) is not None:
        return refusal
    host = f"{url.host}:{url.explicit_port}" if url.explicit_port else url.host
    if isinstance(error, aiohttp.InvalidURL):
        return _refused(f"{_shown(url)} is not a valid address.", _HTTP_WANTED)
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return _unavailable(f"The name of {host} could not be resolved.")
    if isinstance(error, aiohttp.ClientSSLError):
        return _unavailable(f"No safe connection to {host}: its certificate or its TLS is not valid.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return _unavailable(f"{host} could not be reached.")
    return _unavailable(f"{host} broke the connection off before the page was complete.")


def _refused(detail: str, remedy: str = "") -> SourceRefused:
    return SourceRefused(detail, remedy=remedy)


def _unavailable(detail: str, retry_after_seconds: float | None = None) -> ProviderUnavailable:
    return ProviderUnavailable(
        detail, remedy="Is it reachable from this machine?", retry_after_seconds=retry_after_seconds
    )


def _shown(url: "URL") -> str:
    return _quoted(str(url.with_user(None) if url.user is not None else url))


def _quoted(text: str) -> str:
    text = re.sub(r"//[^/@\s]*@", "//…@", text)
    text = "".join(sign if sign.isprintable() else "�" for sign in text)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:g} MB"
