"""Posts as JSON, made once a version: lists are joined from these bytes, and each answer puts in what changes often.

What changes often is a post's counts, which are columns of its row, and what the asking person did with it. Neither
makes a post be rendered again. A post is told by its id and known by `updated_at`: bytes of another version are never
used, whoever changed the post.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aiohttp import web

from blogen.api.keys import ACTOR, SOCIAL
from blogen.events import Bus, Event, PostChanged, PostDeleted

if TYPE_CHECKING:
    from blogen.domain.post import PostSummary
    from blogen.store.posts import PostLine, Posts

_OVERHEAD_BYTES = 300
"""Of a kept post beside its JSON."""
_COUNTS = b',"counts":'


class Marks(Protocol):
    """What a person did with a post."""

    @property
    def liked(self) -> bool: ...
    @property
    def bookmarked(self) -> bool: ...
    @property
    def progress(self) -> float: ...


class KeptPost(NamedTuple):
    """A version of a post: its JSON without `counts` and `viewer`, which stand between `head` and `tail`."""

    slug: str
    updated_at: int
    head: bytes
    tail: bytes

    def told(self, line: "PostLine", viewer: bytes) -> bytes:
        """The JSON, with the counts of `line`."""
        return b'%b%b{"likes":%d,"comments":%d},"viewer":%b%b' % (
            self.head, _COUNTS, line.likes, line.comments, viewer, self.tail
        )  # fmt: skip


class PostJson:
    """Holds at most `limit_bytes`, the posts asked for last."""

    def __init__(self, posts: "Posts", bus: Bus, base_url: str = "", *, limit_bytes: int = 16 * 1024 * 1024) -> None:
        self._posts = posts
        self._base_url = base_url
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, bool], KeptPost] = OrderedDict()
        """By id, and whether it is with its body."""
        self._kept_bytes = 0
        self._stop_hearing = bus.subscribe(self._hear)

    async def items(self, posts: "Sequence[PostLine | str]", marks: Mapping[str, Marks] | None = None) -> list[bytes]:
        """Each post (a line of a list, or an id) as it stands in lists; those that are gone are left out.

        `marks` are what the asking person did, by id of post; None: nobody in particular asks.
        """
        return list((await self.by_id(posts, marks)).values())

    async def by_id(
        self, posts: "Sequence[PostLine | str]", marks: Mapping[str, Marks] | None = None
    ) -> dict[str, bytes]:
        """As `items`, by the posts' ids, in the order that was asked for."""
        lines = await self._lines(posts)
        kept = await self._items(lines)
        found = ((line, kept.get(line.id)) for line in lines)
        return {line.id: one.told(line, viewer(marks, line.id)) for line, one in found if one is not None}

    async def whole(self, line: "PostLine", marks: Mapping[str, Marks] | None = None) -> bytes | None:
        """The post with its body; None if it is gone."""
        one = self._known((line.id, True), line)
        if one is None:
            from blogen.api.views import post_view

            post = await self._posts.by_id(line.id)
            if post is None:
                return None
            one = _kept(post, post_view(post, self._base_url))
            self._keep((line.id, True), one)
        return one.told(line, viewer(marks, line.id))

    @property
    def kept_bytes(self) -> int:
        return self._kept_bytes

    def close(self) -> None:
        self._stop_hearing()

    async def _lines(self, posts: "Sequence[PostLine | str]") -> "list[PostLine]":
        ids = [one for one in posts if isinstance(one, str)]
        by_id = {line.id: line for line in await self._posts.lines_of(ids)} if ids else {}
        lines = (by_id.get(one) if isinstance(one, str) else one for one in posts)
        return [line for line in lines if line is not None]

    async def _items(self, lines: "Sequence[PostLine]") -> dict[str, KeptPost]:
        kept = {line.id: one for line in lines if (one := self._known((line.id, False), line))}
        if missing := [line.id for line in lines if line.id not in kept]:
            from blogen.api.views import post_item_view

            for post_id, post in (await self._posts.summaries(missing)).items():
                kept[post_id] = one = _kept(post, post_item_view(post, self._base_url))
                self._keep((post_id, False), one)
        return kept

    def _known(self, key: tuple[str, bool], line: "PostLine") -> KeptPost | None:
        one = self._kept.get(key)
        if one is None or one.updated_at != line.updated_at:
            return None
        self._kept.move_to_end(key)
        return one

    def _keep(self, key: tuple[str, bool], one: KeptPost) -> None:
        self._drop(key)
        self._kept[key] = one
        self._kept_bytes += _size(one)
        while self._kept_bytes > self._limit_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, bool]) -> None:
        if (one := self._kept.pop(key, None)) is not None:
            self._kept_bytes -= _size(one)

    def _hear(self, event: Event) -> None:
        # Versions tell already; a post that is gone need not stay in memory until others push it out.
        if isinstance(event, PostChanged | PostDeleted):
            for key in [key for key, one in self._kept.items() if one.slug == event.slug]:
                self._drop(key)


async def marks_of(request: web.Request, post_ids: Sequence[str]) -> Mapping[str, Marks] | None:
    """What the asking person did with these posts; None where no person asks."""
    actor = request[ACTOR]
    if actor is None or actor.person_id is None:
        return None
    return await request.config_dict[SOCIAL].marks(actor.person_id, post_ids)


def version_of(line: "PostLine") -> str:
    """Names a post's version: what its ETag begins with. Likes, comments and marks do not change it."""
    return f"{line.updated_at:x}"


def viewer(marks: Mapping[str, Marks] | None, post_id: str) -> bytes:
    """The value of `viewer`: null where nobody in particular asks."""
    if marks is None:
        return b"null"
    one = marks.get(post_id)
    if one is None:
        return _UNTOUCHED
    return b'{"liked":%b,"bookmarked":%b,"progress":%b}' % (
        _TRUTH[bool(one.liked)], _TRUTH[bool(one.bookmarked)], repr(float(one.progress or 0)).encode()
    )  # fmt: skip


_TRUTH = (b"false", b"true")
_UNTOUCHED = b'{"liked":false,"bookmarked":false,"progress":0.0}'


def _kept(post: "PostSummary", told: Mapping[str, object]) -> KeptPost:
    from pydantic_core import to_json

    # Parted where the counts would stand, so that nothing within a text can be taken for them.
    names = list(told)
    at = names.index("counts")
    assert names[at + 1] == "viewer"
    head = to_json({name: told[name] for name in names[:at]})
    tail = to_json({name: told[name] for name in names[at + 2 :]})
    return KeptPost(post.slug, post.updated_at, head[:-1], b"," + tail[1:])


def _size(one: KeptPost) -> int:
    return len(one.head) + len(one.tail) + _OVERHEAD_BYTES
