"""`/feed`: the newest posts, those of whom and what a person follows, and a ranking for one person."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from aiohttp import web

from blogen.api.answers import answer
from blogen.api.asking import asking_person, needed_person
from blogen.api.keys import FEEDS, LISTS, POST_JSON
from blogen.api.paging import cursor, position
from blogen.api.post_json import JoinedList
from blogen.api.posts import told
from blogen.api.requests import query
from blogen.store.feeds import FeedItem, Ranked, Reason
from blogen.store.posts import PostCursor

_REASONS = (Reason.NEW, Reason.AUTHOR, Reason.TAG, Reason.CO_READERS)
"""Their places stand in cursors: new ones come at the end."""
_REASON_BITS = 3


async def show(request: web.Request) -> web.Response:
    from blogen.api.queries import FeedQuery

    asked = query(request, FeedQuery)
    if asked.kind == "latest":
        hides_unreviewed = await request.config_dict[FEEDS].hides_unreviewed(asking_person(request))
        found = await _latest(request, asked.limit, asked.cursor, hides_unreviewed=hides_unreviewed)
        return await told(request, found, is_for_all=not hides_unreviewed)
    person_id = needed_person(request)
    turn = _follows if asked.kind == "following" else _for_you
    items, following, head = await turn(request, person_id, asked.limit, asked.cursor)
    return await told(request, await _joined(request, asked.kind, items, following, head), is_for_all=False)


async def _latest(request: web.Request, limit: int, given: str | None, *, hides_unreviewed: bool) -> JoinedList:
    """The newest posts: one list for all who see the same."""
    feeds = request.config_dict[FEEDS]

    async def join() -> JoinedList:
        before = PostCursor(*position("feed", given)) if given else None
        head = None if before else await feeds.head()
        found = await feeds.latest(limit, before, hides_unreviewed=hides_unreviewed)
        items = [FeedItem(line, Reason.NEW, "") for line in found.items]
        return await _joined(request, "latest", items, cursor("feed", *found.next) if found.next else None, head)

    return await request.config_dict[LISTS].got(("feed", limit, given, hides_unreviewed), join)


async def since(request: web.Request) -> web.Response:
    from blogen.api.queries import SinceQuery

    published_at, name = position("head", query(request, SinceQuery).head)
    kind, _, post_id = name.partition(" ")
    follows_only = kind == "following"
    new = await request.config_dict[FEEDS].count_new(
        PostCursor(published_at, post_id),
        person_id=needed_person(request) if follows_only else asking_person(request),
        follows_only=follows_only,
    )
    return answer({"new": new})


_Turn = tuple[list[FeedItem], str | None, PostCursor | None]
"""The items of a page, the cursor of the next, and where the newest post stands: told with the first page only."""


async def _follows(request: web.Request, person_id: str, limit: int, given: str | None) -> _Turn:
    feeds = request.config_dict[FEEDS]
    before = PostCursor(*position("following", given, person_id=person_id)) if given else None
    head = None if before else await feeds.head()
    found = await feeds.following(person_id, limit, before)
    return found.items, cursor("following", *found.next, person_id=person_id) if found.next else None, head


async def _for_you(request: web.Request, person_id: str, limit: int, given: str | None) -> _Turn:
    feeds = request.config_dict[FEEDS]
    if given is None:
        head = await feeds.head()
        ranking = await feeds.rank(person_id, head)
    else:
        head, ranking = None, _unpacked(position("for-you", given, person_id=person_id)[1])
    items = await feeds.ranked(person_id, ranking[:limit])
    # What is still to come stands in the cursor: whatever happens meanwhile, nothing comes twice or is passed over.
    rest = ranking[limit:]
    return items, cursor("for-you", name=_packed(rest), person_id=person_id) if rest else None, head


async def _joined(
    request: web.Request, kind: str, items: Sequence[FeedItem], following: str | None, head: PostCursor | None
) -> JoinedList:
    from blogen.api.social_views import reason_view

    return await request.config_dict[POST_JSON].joined(
        [item.line for item in items],
        [{"reason": reason_view(item)} for item in items],
        next=following,
        head=cursor("head", head.published_at, f"{kind} {head.id}") if head else None,
    )


def _packed(ranking: Sequence[Ranked]) -> str:
    """Seven bits a byte: numbers of posts are small."""
    packed = bytearray()
    for one in ranking:
        left = one.number << _REASON_BITS | _REASONS.index(one.reason)
        while left > 127:
            packed.append(left & 127 | 128)
            left >>= 7
        packed.append(left)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def _unpacked(name: str) -> list[Ranked]:
    """What was `_packed`; the cursor's signature says that it was."""
    ranking, value, shift = list[Ranked](), 0, 0
    for byte in base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)):
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            ranking.append(Ranked(value >> _REASON_BITS, _REASONS[value & (1 << _REASON_BITS) - 1]))
            value = shift = 0
    return ranking
