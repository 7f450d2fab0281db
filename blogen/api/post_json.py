"""Posts as JSON, made once a version: lists are joined from these bytes, and each answer puts in what changes often.

What changes often is a post's counts, which are columns of its row, and what the asking person did with it. Neither
makes a post be rendered again. A post is told by its id and known by `updated_at`: bytes of another version are never
used, whoever changed the post.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aiohttp import web
from pydantic_core import to_json

from blogen.api.keys import ACTOR, SOCIAL
from blogen.events import AuthorChanged, Bus, Event, PostChanged, PostDeleted

if TYPE_CHECKING:
    from blogen.domain.post_summary import PostSummary
    from blogen.store.posts import PostLine, Posts

_OVERHEAD_BYTES = 300
"""Of a kept post beside its JSON."""
_TAG_BYTES = 12


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
    digest: bytes

    def until_viewer(self, line: "PostLine") -> bytes:
        """What comes before the value of `viewer`, with the counts of `line`."""
        return b'%b,"counts":{"likes":%d,"comments":%d},"viewer":' % (self.head, line.likes, line.comments)

    def told(self, line: "PostLine", viewer: bytes) -> bytes:
        """The JSON."""
        return self.until_viewer(line) + viewer + self.tail

    def tag(self, line: "PostLine", viewer: bytes) -> str:
        """Names the JSON for an ETag: the version, then what else may differ."""
        counts = b"%d %d " % (line.likes, line.comments)
        return f"{version_of(line)}-{_digest((self.digest, counts, viewer))}"


class JoinedList(NamedTuple):
    """The JSON of a list, in pieces between which stands what the asking person did with each post."""

    post_ids: tuple[str, ...]
    pieces: tuple[bytes, ...]
    digest: str
    size_bytes: int

    def told(self, marks: Mapping[str, Marks] | None = None) -> tuple[bytes, str]:
        """The JSON for whose `marks` these are, and what names it for an ETag."""
        if marks is None:
            return b"null".join(self.pieces), self.digest
        viewers = [viewer(marks, post_id) for post_id in self.post_ids]
        parts = [b""] * (2 * len(viewers) + 1)
        parts[::2], parts[1::2] = self.pieces, viewers
        return b"".join(parts), _digest((self.digest.encode(), b"".join(viewers)))


class ToldPost(NamedTuple):
    """A post with its body, in which what the asking person did is still to be told."""

    post: KeptPost
    line: "PostLine"

    @property
    def post_ids(self) -> tuple[str, ...]:
        return (self.line.id,)

    @property
    def size_bytes(self) -> int:
        return _size(self.post)

    def told(self, marks: Mapping[str, Marks] | None = None) -> tuple[bytes, str]:
        mine = viewer(marks, self.line.id)
        return self.post.told(self.line, mine), self.post.tag(self.line, mine)


class PostJson:
    """Holds at most `limit_bytes`, the posts asked for last."""

    def __init__(self, posts: "Posts", bus: Bus, base_url: str = "", *, limit_bytes: int = 16 * 1024 * 1024) -> None:
        self._posts = posts
        self._base_url = base_url
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, bool], KeptPost] = OrderedDict()
        """By id, and whether it is with its body."""
        self._kept_bytes = 0
        self._stop_hearing = bus.subscribe(self._hear, PostChanged, PostDeleted, AuthorChanged)

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

    async def joined(
        self, lines: "Sequence[PostLine]", ends: Sequence[Mapping[str, object]] = (), **more: object
    ) -> JoinedList:
        """The list of these posts; `more` are its further members (`next`), `ends` further members of each item."""
        kept = await self._items(lines)
        pieces, ids, piece, comma = [], [], b'{"items":[', b""
        for place, line in enumerate(lines):
            if (one := kept.get(line.id)) is not None:
                pieces.append(piece + comma + one.until_viewer(line))
                ids.append(line.id)
                piece = one.tail if not ends else one.tail[:-1] + b"," + to_json(ends[place])[1:]
                comma = b","
        pieces.append(piece + b"]," + to_json(more)[1:])
        size = sum(map(len, pieces)) + _OVERHEAD_BYTES * (len(ids) + 1)
        return JoinedList(tuple(ids), tuple(pieces), _digest(pieces), size)

    async def whole(self, line: "PostLine") -> KeptPost | None:
        """The post with its body; None if it is gone."""
        one = self._known((line.id, True), line)
        if one is None:
            from blogen.api.views import post_view

            post = await self._posts.by_id(line.id)
            if post is None:
                return None
            one = _kept(post, post_view(post, self._base_url))
            self._keep((line.id, True), one)
        return one

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
        elif isinstance(event, AuthorChanged):  # whose name stands under posts that are of the same version as before
            for key in list(self._kept):
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
    return _UNTOUCHED if one is None else _viewer(one.liked, one.bookmarked, one.progress)


@lru_cache(maxsize=4096)
def _viewer(liked: bool, bookmarked: bool, progress: float) -> bytes:
    return to_json({"liked": liked, "bookmarked": bookmarked, "progress": float(progress)})


_UNTOUCHED = b'{"liked":false,"bookmarked":false,"progress":0.0}'


def _kept(post: "PostSummary", told: Mapping[str, object]) -> KeptPost:
    # Parted where the counts would stand, so that nothing within a text can be taken for them.
    names = list(told)
    at = names.index("counts")
    assert names[at + 1] == "viewer"
    head = to_json({name: told[name] for name in names[:at]})[:-1]
    tail = b"," + to_json({name: told[name] for name in names[at + 2 :]})[1:]
    return KeptPost(post.slug, post.updated_at, head, tail, _digest((head, tail)).encode())


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=_TAG_BYTES)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _size(one: KeptPost) -> int:
    return len(one.head) + len(one.tail) + _OVERHEAD_BYTES
