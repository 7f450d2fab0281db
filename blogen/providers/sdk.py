"""What services with an SDK over httpx2 (OpenAI, Anthropic) have in common: the connection and its failures.

An SDK costs more than a second and many MB to import, so it is imported, and its client built, in a worker thread on
the first call. Its own retries are off.
"""

import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from socket import gaierror
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from pydantic import SecretStr

from blogen.config.section import is_private_address
from blogen.errors import AnswerUnusable, ContentRefused, ProviderError, ProviderUnavailable
from blogen.providers.failures import Failures
from blogen.providers.protocols import Health, Usage
from blogen.providers.unpacking import TooLong, Unpacking, Unreadable

if TYPE_CHECKING:
    import httpx2


class SdkSection(Protocol):
    """What of a section the connection needs."""

    @property
    def base_url(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def api_key(self) -> SecretStr | None: ...

    @property
    def timeout_seconds(self) -> float: ...

    @property
    def connect_seconds(self) -> float: ...

    @property
    def concurrency(self) -> int: ...


class SdkClient(Protocol):
    """The SDK's own client."""

    async def close(self) -> None: ...


_IDLE_CONNECTIONS = 16
"""More are not kept: httpx looks at every idle one, with a call of the system, before each request and after it."""

T = TypeVar("T")
C = TypeVar("C", bound=SdkClient)
S = TypeVar("S", bound=SdkSection)
E = TypeVar("E", bound=BaseException)


class SdkConnection(Failures, ABC, Generic[C, S]):
    """One section's way to its service. Every failure leaves it as an error in Blogen's words."""

    key_prefixes: ClassVar[str]
    """How keys of this kind of service begin, as alternatives of a regular expression."""
    meant_address = "the address of the API"

    def __init__(self, name: str, config: S, *, max_answer_bytes: int) -> None:
        self.name = name
        self.base_url = config.base_url
        self._config = config
        self._max_answer_bytes = max_answer_bytes
        self._building = anyio.Lock()
        self._client: C | None = None

    async def ask(self, call: Callable[[C], Awaitable[T]]) -> T:
        """Make one call within the section's total time. Raises ProviderError."""
        client = await self._ready()
        try:
            with anyio.fail_after(self._config.timeout_seconds):
                return await call(client)
        except self._failures() as error:
            raise self.worded(error) from error

    async def check(self, assumed: str = "") -> Health:
        """Whether the service answers, takes the key and knows the model; spends nothing. `assumed`: what to add."""
        try:
            listed = await self.ask(self._listed_models)
        except ProviderError as error:
            return Health(ok=False, detail=error.detail, remedy=error.remedy)
        model, where = self._config.model, f"{self.base_url} answers"
        assumed = f" {assumed}" if assumed else ""
        if not listed:
            detail = f"{where}; it does not list {self._unlisted}, so {model!r} could not be checked."
            return Health(ok=True, detail=detail + assumed)
        if any(map(self._is_meant, listed)):
            return Health(ok=True, detail=f"{where} and knows {model!r}.{assumed}")
        return Health(
            ok=False,
            detail=f"{where}, but [{self.name}] asks for the model {model!r}, which it does not list.",
            remedy=self._other_models(listed),
        )

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @abstractmethod
    def worded(self, error: BaseException) -> ProviderError:
        """`error` as the engine understands it: refused, unavailable or unusable, with a remedy."""

    def too_long(self, error: TooLong) -> AnswerUnusable:
        return AnswerUnusable(
            f"[{self.name}] answered with more than {error.max_bytes // 1_000_000} MB.",
            remedy="Check that base_url is the address of the API.",
            provider=self.name,
            raw=self.without_key(error.start.decode("utf-8", "replace")),
        )

    def timed_out(self, error: BaseException) -> ProviderUnavailable:
        if _cause_named(error, "ConnectTimeout"):
            return self._kind_of(error)(
                f"[{self.name}] at {self._host} could not be reached within {self._config.connect_seconds:g} s.",
                f"Check base_url of [{self.name}] and the network.",
            )
        return self._kind_of(error)(
            f"[{self.name}] did not answer within {self._config.timeout_seconds:g} s.",
            "Raise timeout_seconds if its model is slow.",
        )

    def disconnected(self, error: BaseException) -> ProviderUnavailable:
        return self._kind_of(error)(*self._connection_words(error))

    def content_refused(self, words: str, usage: Usage | None = None) -> ContentRefused:
        return ContentRefused(
            f"[{self.name}] refused the content{f': {words}' if words else '.'}",
            remedy="Change the topic, the brief or the sources.",
            provider=self.name,
            usage=usage,
        )

    def without_key(self, text: str) -> str:
        """A model's `text` as it may be kept and shown: some servers repeat what they were sent."""
        # A shorter one is no secret but a word such as `ollama`, which a text may well contain.
        return text.replace(self._key, "…") if len(self._key) >= _SECRET_LENGTH else text

    def redacted(self, words: str) -> str:
        """A service's `words` as they may stand in a message: one line, without keys, not too long."""
        words = words.replace(self._key, "…") if self._key else words
        words = re.sub(rf"\b(?:{self.key_prefixes})-[\w*-]{{8,}}|\bBearer\s+\S+", "…", words)
        words = " ".join(words.split())
        words = words if len(words) <= 300 else f"{words[:299]}…"
        return words if not words or words[-1] in ".!?…" else f"{words}."

    # -- what each SDK does in its own way ------------------------------------------------------------------------

    @abstractmethod
    def _build(self) -> C:
        """Import the SDK and make its client, over `_http`; runs in a worker thread."""

    @abstractmethod
    def _failures(self) -> tuple[type[Exception], ...]:
        """See `failures`."""

    @abstractmethod
    async def _listed_models(self, client: C) -> list[str] | None:
        """Names of the models; none if the server lists none."""

    @abstractmethod
    def _is_meant(self, listed: str) -> bool:
        """Whether this name from the list is the section's model."""

    @abstractmethod
    def _other_models(self, listed: list[str]) -> str:
        """What to use instead of a model that is not listed, in words."""

    @property
    def _unlisted(self) -> str:
        return "its models"

    # -- the connection -------------------------------------------------------------------------------------------

    async def _ready(self) -> C:
        async with self._building:
            if self._client is None:
                self._client = await anyio.to_thread.run_sync(self._build)
            return self._client

    def _http(self, *, sends_key: bool) -> "httpx2.AsyncClient":
        import httpx2

        trust_env = not is_private_address(self.base_url)
        return httpx2.AsyncClient(
            verify=certificates(trust_env=trust_env),
            timeout=httpx2.Timeout(self._config.timeout_seconds, connect=self._config.connect_seconds),
            # A redirect would turn a POST into a GET, and could carry a prompt to another host.
            follow_redirects=False,
            trust_env=trust_env,
            event_hooks={"request": [] if sends_key else [_without_key], "response": [self._bound]},
            limits=httpx2.Limits(
                max_connections=self._config.concurrency + 2,
                max_keepalive_connections=_IDLE_CONNECTIONS,
                keepalive_expiry=30,
            ),
        )

    async def _bound(self, response: "httpx2.Response") -> None:
        """Have the body counted, and unpacked under a limit, while it is read."""
        response.stream = _bounded(response, self._max_answer_bytes)
        response.headers.pop("content-encoding", None)

    def _kind_of(self, error: BaseException) -> Callable[[str, str], ProviderUnavailable]:
        """How to tell of a failed connection: what never reached the service cannot have cost anything."""
        return self.lost if _was_sent(error) else self.unavailable

    def _connection_words(self, error: BaseException) -> tuple[str, str]:
        host, check = self._host, f"Check base_url of [{self.name}]."
        where = f"[{self.name}] at {host}"
        if cause(error, gaierror):
            return f"The name {host} of [{self.name}] could not be resolved.", check
        if tls := cause(error, ssl.SSLError):
            reason = getattr(tls, "verify_message", "") or tls.reason or "TLS failed"
            return f"No safe connection to {where}: {reason}.", f"{check} Is it https, and is its certificate valid?"
        if cause(error, ConnectionRefusedError):
            return f"{where} refused the connection.", f"{check} Is the server running?"
        if _cause_named(error, "ConnectError"):
            return f"{where} could not be reached.", check
        if cause(error, Unreadable):
            return f"{where} sent an answer that could not be unpacked.", ""
        return f"{where} broke the connection off before its answer was complete.", ""

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def _key(self) -> str:
        return self._config.api_key.get_secret_value() if self._config.api_key else ""


@cache
def certificates(*, trust_env: bool) -> ssl.SSLContext:
    """This machine's. Reading them takes some 40 ms and a MB: all connections share them."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=trust_env)


def failures(of_sdk: type[Exception]) -> tuple[type[Exception], ...]:
    """What a call can fail with that is the other side's or the network's fault; anything else is a defect of ours."""
    import httpx2

    network = (OSError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
    library = (of_sdk, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL)
    return (*library, *network, TooLong, Unreadable, ValueError, RecursionError)


def nearest(model: str, listed: list[str]) -> list[str]:
    """The listed models whose names are most like `model`; empty if none is."""
    from difflib import get_close_matches

    return get_close_matches(model, listed, n=3, cutoff=0.5)


def cause(error: BaseException, kind: type[E]) -> E | None:
    """The first error of this kind in whatever led to `error`."""
    return next((found for found in _causes(error) if isinstance(found, kind)), None)


_SECRET_LENGTH = 12


async def _without_key(request: "httpx2.Request") -> None:
    """The SDKs insist on a key; a server without one is sent none."""
    request.headers.pop("Authorization", None)


def _bounded(response: "httpx2.Response", max_bytes: int) -> "httpx2.AsyncByteStream":
    """The response's stream: unpacked, and `TooLong` once it passes `max_bytes`; it remembers its last bytes."""
    import httpx2

    inner = response.stream
    unpacking = Unpacking(response.headers.get("content-encoding", ""), max_bytes)

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            assert isinstance(inner, httpx2.AsyncByteStream)
            tail = b""
            async for packed in inner:
                piece = unpacking.feed(packed)
                tail = (tail + piece)[-64:]
                response.extensions["tail"] = tail
                yield piece
            unpacking.finish()

        async def aclose(self) -> None:
            if isinstance(inner, httpx2.AsyncByteStream):
                await inner.aclose()

    return Bounded()


def _was_sent(error: BaseException) -> bool:
    """Whether a call that failed for the network's sake may have reached the service."""
    unsent = cause(error, gaierror) or cause(error, ssl.SSLError) or cause(error, ConnectionRefusedError)
    return not (unsent or _cause_named(error, "ConnectError") or _cause_named(error, "ConnectTimeout"))


def _cause_named(error: BaseException, name: str) -> bool:
    return any(type(found).__name__ == name for found in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__]
        if isinstance(found, BaseExceptionGroup):
            waiting += found.exceptions
