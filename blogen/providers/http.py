"""What every plain HTTP service has in common: one way to ask it, and its failures in Blogen's words.

A service with an SDK of its own (OpenAI, Anthropic) does not come this way.
"""

import json
import math
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from socket import gaierror
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import anyio

from blogen.config.section import is_private_address
from blogen.errors import AnswerUnusable, ContentRefused, ProviderError
from blogen.providers.failures import Failures
from blogen.providers.protocols import Usage
from blogen.providers.unpacking import ACCEPTED_ENCODINGS, TooLong, Unpacking, Unreadable

if TYPE_CHECKING:
    import aiohttp

DAY_SECONDS = 86_400.0


class Answer(NamedTuple):
    """What a service sent back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def words(self) -> str:
        """What an error's body says, in one line; empty if it says nothing that can be read."""
        text = self.body[:4000].decode("utf-8", "replace").strip()
        with suppress(ValueError, RecursionError):
            text = _message(json.loads(text))
        if "<html" in text.lower() or "<!doctype" in text.lower():
            return ""
        text = " ".join(text.split())
        return text if len(text) <= 300 else f"{text[:299]}…"


class Service(Failures):
    """One section's way to its service. Every failure leaves it as an error in Blogen's words.

    `secrets` are taken out of whatever the service says; `headers` go with every call. A redirect is not followed.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        timeout_seconds: float,
        connect_seconds: float = 10.0,
        max_answer_bytes: int,
        headers: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.base_url = base_url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._connect_seconds = min(connect_seconds, timeout_seconds)
        self._max_answer_bytes = max_answer_bytes
        self._headers = dict(headers or {})
        self._secrets = tuple(secret for secret in secrets if secret)
        self._http: aiohttp.ClientSession | None = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        accept_statuses: frozenset[int] = frozenset(),
        timeout_seconds: float | None = None,
        **options: Any,
    ) -> Answer:
        """Make one call; `options` are aiohttp's (`json`, `data`, `params`, `headers`).

        Statuses from 300 raise (see `status_error`), except those in `accept_statuses`. Raises ProviderRefused,
        ProviderUnavailable, AnswerUnusable.
        """
        seconds = timeout_seconds or self._timeout_seconds
        try:
            with anyio.fail_after(seconds):
                async with self.session.request(
                    method, self.base_url + path, allow_redirects=False, **options
                ) as response:
                    answer = Answer(response.status, response.headers, await self._read(response))
        except Exception as error:
            raise self.worded(error, seconds) from error
        if answer.status >= 300 and answer.status not in accept_statuses:
            raise self.status_error(answer)
        return answer

    async def ask_json(self, method: str, path: str, **options: Any) -> Any:
        """Make one call whose answer is JSON; the decoded value."""
        return self.decoded(await self.ask(method, path, **options))

    def decoded(self, answer: Answer) -> Any:
        """The JSON of an answer. Raises ProviderUnavailable: a proxy's page may stand in for the service for now."""
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self.malformed("is not JSON") from None

    @property
    def session(self) -> "aiohttp.ClientSession":
        """The connections; also for a websocket."""
        import aiohttp

        if self._http is None:
            self._http = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=not is_private_address(self.base_url),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_seconds),
                headers={"Accept-Encoding": ACCEPTED_ENCODINGS, **self._headers},
            )
            # aiohttp sends a GET again when an old connection breaks; some GETs are paid for. It has no public switch.
            self._http._retry_connection = False
        return self._http

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def status_error(self, answer: Answer) -> ProviderError:
        """An answer's status as an error: what a key, an address or a pause would mend, in words."""
        status, said = answer.status, self.redacted(answer.words)
        section, words = f"[{self.name}]", f": {said}" if said else "."
        if status == 401:
            return self.refused(f"The key in {section} was refused (401){words}", "Check api_key or api_key_file.")
        if status == 402:
            return self.refused(
                f"The account behind {section} has no credit left (402){words}",
                "Top it up at the service, then retry the job.",
            )
        if status == 403:
            return self.refused(
                f"{section} does not allow this (403){words}", "Check api_key or api_key_file, and what it may do."
            )
        if status in {404, 405}:
            return self.refused(
                f"{self.base_url} does not have what {section} asks for ({status}){words}", "Check base_url."
            )
        if status == 429:
            return self.busy(f"{section} asks for a pause (429){words}", retry_after(answer.headers))
        if 300 <= status < 400:
            return self.redirected(status, answer.headers.get("Location", ""))
        if status >= 500 or status in {408, 409, 425}:
            return self.unavailable(f"{section} failed ({status}){words}", "", retry_after(answer.headers))
        return self.refused(f"{section} refused the request ({status}){words}")

    def worded(self, error: Exception, seconds: float | None = None) -> Exception:
        """The network's failure as the engine understands it; anything else is a defect of ours and stays itself."""
        import aiohttp

        if isinstance(error, ProviderError):
            return error
        host, check = urlsplit(self.base_url).netloc, f"Check base_url of [{self.name}]."
        where = f"[{self.name}] at {host}"
        if isinstance(error, TooLong):
            return AnswerUnusable(
                f"[{self.name}] answered with more than {error.max_bytes // 1_000_000} MB.",
                remedy="Check that base_url is the address of its API.",
                provider=self.name,
                raw=self.redacted(error.start.decode("utf-8", "replace")),
            )
        if isinstance(error, Unreadable):
            return self.lost(f"{where} sent an answer that could not be unpacked.")
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return self.unavailable(f"{where} could not be reached within {self._connect_seconds:g} s.", check)
        if isinstance(error, TimeoutError):
            return self.lost(
                f"[{self.name}] did not answer within {seconds or self._timeout_seconds:g} s.",
                "Raise timeout_seconds if it is slow.",
            )
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError | ssl.SSLError):
            return self.unavailable(
                f"No safe connection to {where}.", f"{check} Is it https, and is its certificate valid?"
            )
        if isinstance(error, aiohttp.ClientConnectorDNSError | gaierror):
            return self.unavailable(f"The name {host} of [{self.name}] could not be resolved.", check)
        if isinstance(error, aiohttp.ClientConnectorError):
            refused = isinstance(error.os_error, ConnectionRefusedError)
            words = "refused the connection" if refused else "could not be reached"
            return self.unavailable(f"{where} {words}.", f"{check} Is the server running?")
        if isinstance(error, aiohttp.ClientError | OSError | anyio.EndOfStream):
            return self.lost(f"{where} broke the connection off before its answer was complete.")
        return error

    def content_refused(self, detail: str, remedy: str = "", usage: Usage | None = None) -> ContentRefused:
        return ContentRefused(detail, remedy=remedy or "Change what is asked for.", provider=self.name, usage=usage)

    def redacted(self, text: str) -> str:
        """`text` without the section's secrets: some services repeat what they were sent."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text

    async def _read(self, response: "aiohttp.ClientResponse") -> bytes:
        unpacking = Unpacking(response.headers.get("Content-Encoding", ""), self._max_answer_bytes)
        body = bytearray()
        async for piece in response.content.iter_any():
            body += unpacking.feed(piece)
        unpacking.finish()
        return bytes(body)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause a server asks for, in seconds: `Retry-After` as seconds or as a date."""
    for header, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        with suppress(ValueError):
            seconds = float(headers.get(header, "")) / per_second
            if math.isfinite(seconds):
                return min(max(seconds, 0.0), DAY_SECONDS)
    with suppress(ValueError, TypeError):
        date = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
        try:
            now = parsedate_to_datetime(headers.get("date", "")).timestamp()  # the server's clock, if it tells
        except (ValueError, TypeError):
            now = time.time()
        return min(max(date - now, 0.0), DAY_SECONDS)
    return None


def _message(body: Any) -> str:
    """The sentence in an error's JSON, wherever services put it."""
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "; ".join(filter(None, map(_message, body[:5])))
    if isinstance(body, dict):
        for key in ("message", "detail", "error", "errors", "msg", "description", "title", "name"):
            if words := _message(body.get(key)):
                return words
    return ""
