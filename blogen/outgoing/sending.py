"""One message to an address that the owner or a reader named: a POST that nothing on the other side can abuse.

No redirects, no cookies, no proxies; the address that was checked is the one connected to; the answer's body is not
read; everything together has ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from blogen import __version__
from blogen.errors import BlogenError
from blogen.providers.addresses import Network, networks_of
from blogen.providers.guard import Guard, Resolve, spoken

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_SECONDS: Final = 10.0
_MOST_RETRY_AFTER_SECONDS = 14_400.0
_AT_ONCE = 100


class Answered(NamedTuple):
    """What came back. `retry_after_seconds` is what the other side asked for, if it did."""

    status: int
    retry_after_seconds: float | None = None

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300


class NotSent(Exception):
    """No answer came. `is_final`: it must not be tried again as it is."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


class Sender:
    """Private addresses are refused unless they lie in `allow_private`; `any_port` opens more than the web's ports."""

    def __init__(
        self,
        allow_private: Iterable[Network | str] = (),
        *,
        any_port: bool = False,
        timeout_seconds: float = TIMEOUT_SECONDS,
        resolve: Resolve | None = None,
    ) -> None:
        self._guard = Guard(networks_of(allow_private), resolve=resolve, any_port=any_port)
        self._timeout_seconds = timeout_seconds
        self._http: aiohttp.ClientSession | None = None

    def check(self, url: str) -> None:
        """Refuse what the address alone forbids: a private address that it spells out. Raises SourceRefused."""
        from yarl import URL

        target = URL(url)
        self._guard.check_literal(target.host or "", target.port or 0)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """Send one message. Raises NotSent."""
        import aiohttp
        from yarl import URL

        host = ""
        try:
            target = URL(url)
            host = target.host or ""
            self._guard.check_literal(host, target.port or 0)
            async with self._session().post(target, data=body, headers=headers, allow_redirects=False) as response:
                answered = Answered(response.status, _seconds(response.headers.get("Retry-After")))
                response.close()
                return answered
        except TimeoutError as error:
            raise NotSent(f"{host} did not answer within {self._timeout_seconds:g} s.") from error
        except (BlogenError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _worded(error, host) from error

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self._guard, use_dns_cache=False, limit=_AT_ONCE, force_close=True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout_seconds),
                headers={"User-Agent": f"Blogen/{__version__}"},
            )
        return self._http


def _seconds(retry_after: str | None) -> float | None:
    """Only the form in seconds: who sends a date is asked again when it suits us."""
    text = (retry_after or "").strip()
    return min(float(text), _MOST_RETRY_AFTER_SECONDS) if text.isascii() and text.isdigit() else None


def _worded(error: Exception, host: str) -> NotSent:
    import aiohttp

    if (refusal := spoken(error)) is not None:
        return NotSent(str(refusal), is_final=True)
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return NotSent("The address is not valid.", is_final=True)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NotSent(f"The name of {host} could not be resolved.")
    if isinstance(error, aiohttp.ClientSSLError):
        return NotSent(f"No safe connection to {host}: its certificate or its TLS is not valid.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return NotSent(f"{host} could not be reached.")
    return NotSent(f"{host} broke the connection off, or its answer is not HTTP.")
