"""GETs that are answered from memory ahead of the router: the answers of the long way, without its way.

Only plain requests are: whatever asks for more (a cookie, another origin, a known ETag, a body) goes the long way,
and so does whoever may not be let in. A person's answer is joined from a list that was kept and from the person's
own marks; the token is looked up for each request, so one that was revoked is refused from the next on.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aiohttp import hdrs, web

from blogen.ahead import AtOnce, is_plain
from blogen.api.keys import FEEDS, PEOPLE, SOCIAL
from blogen.api.shared_answers import SharedAnswers, UntilChanged, head_of
from blogen.events import Bus

if TYPE_CHECKING:
    from blogen.api.post_json import Marks

_ASKS_FOR_MORE = (hdrs.COOKIE, hdrs.ORIGIN, hdrs.IF_NONE_MATCH)
_OVERHEAD_BYTES = 2000


class ToldOfPosts(Protocol):
    """JSON of posts that is the same for everyone, save for what a person did with each."""

    @property
    def post_ids(self) -> Sequence[str]: ...
    @property
    def size_bytes(self) -> int: ...
    def told(self, marks: "Mapping[str, Marks] | None" = None) -> tuple[bytes, str]: ...


TOLD: "web.RequestKey[ToldOfPosts]" = web.RequestKey("told")
"""What the answer was made from, where it differs between people by their marks alone."""


class _Kept(NamedTuple):
    made: web.Response
    found: ToldOfPosts


class Ahead:
    def __init__(self, app: web.Application, shared: SharedAnswers, bus: Bus, *, limit_bytes: int) -> None:
        self._app = app
        self._shared = shared
        self._personal = UntilChanged[_Kept](
            bus, lambda one: one.found.size_bytes + _OVERHEAD_BYTES, limit_bytes=limit_bytes
        )
        self.close = self._personal.close

    async def learn(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """What `handler` answers somebody; what it was made from is kept for the next."""
        happened = self._personal.happened
        made = await handler(request)
        found = request.get(TOLD)
        if found is not None and isinstance(made, web.Response) and made.status == 200:
            self._personal.keep(request.raw_path, _Kept(made, found), happened)
        return made

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """The answer, if it is in memory; None: ask the long way."""
        token = request.headers.get(hdrs.AUTHORIZATION)
        if token is None:
            answer = self._shared.at_once(request.raw_path)
            return answer if answer is not None and _is_plain(request) else None
        kept = self._personal.get(request.raw_path)
        if kept is None or not kept.made.prepared or not _is_plain(request):
            return None
        try:
            return await self._for_person(kept, token)
        except Exception:  # the long way meets it again, and knows how to word it
            return None

    async def _for_person(self, kept: _Kept, token: str) -> AtOnce | None:
        scheme, _, text = token.partition(" ")
        actor = await self._app[PEOPLE].token_by_text(text) if scheme == "Bearer" else None
        if actor is None or actor.person_id is None:
            return None
        if await self._app[FEEDS].hides_unreviewed(actor.person_id):  # may see other posts
            return None
        body, tag = kept.found.told(await self._app[SOCIAL].marks(actor.person_id, kept.found.post_ids))
        return AtOnce(head_of(kept.made, len(body), tag=tag), body)


def _is_plain(request: web.BaseRequest) -> bool:
    return (
        request.method == hdrs.METH_GET
        and is_plain(request)
        and not any(name in request.headers for name in _ASKS_FOR_MORE)
    )
