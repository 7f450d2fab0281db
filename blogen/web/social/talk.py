"""What stands below a post: what the onlooker did with it, its comments and its corrections."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from aiohttp import web

from blogen.domain.person import Scope
from blogen.errors import NotFound
from blogen.web.answers import answer
from blogen.web.keys import CLOCK, COMMENTS, CORRECTIONS, PAGES, POSTS, SOCIAL
from blogen.web.people.forms import form_token
from blogen.web.words import told_by, urlpart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blogen.domain.person import Person
    from blogen.domain.post_summary import PostSummary
    from blogen.store.comments import Comment, SeenComment
    from blogen.store.corrections import Correction
    from blogen.store.social import PostStanding
    from blogen.web.pages import View
    from blogen.web.people.session import Visitor

COMMENTS_A_PAGE: Final = 20
"""Comments at the top; each with its first answers."""

_MOST_CORRECTIONS: Final = 100
_KEY_BYTES: Final = 12
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAID: Final = {
    "report": "Thank you. Whoever moderates this blog looks at your report, and you are told what came of it.",
}


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who sees comments and buttons, and what these need."""

    person: Person | None
    token: str
    """For forms; empty where nobody is signed in."""
    here: str
    """The page's address, to come back to."""
    now_ms: int

    @property
    def may_moderate(self) -> bool:
        return self.person is not None and self.person.role.includes(Scope.AUTHOR)

    def sign_in(self, anchor: str) -> str:
        """Where to sign in, and come back to that place of the page."""
        return f"/login?next={urlpart(f'{self.here}#{anchor}')}"


@dataclass(frozen=True, slots=True)
class Talk:
    likes: int
    comments: int
    threads: Sequence[SeenComment]
    further: str | None
    """The address of the page with the comments that came later."""
    is_first: bool
    corrections: Sequence[Correction]
    onlooker: Onlooker
    standing: PostStanding | None
    """What the onlooker did with the post; None for who is not signed in."""
    follows_author: bool
    lists: Sequence[str]
    """The onlooker's lists of bookmarks, by name."""
    key: str
    """Makes one comment of a form that is sent twice."""
    said: str


async def talk_of(request: web.Request, view: View, post: PostSummary) -> Talk:
    """What stands below `post` for who sees the page. `?comments=` is the comment behind which its list begins.

    Raises NotFound.
    """
    view.shows(f"talk:{post.slug}", f"counts:{post.slug}")
    who, after = view.visitor, position(request, "comments")
    viewer_id = who.person.id if who else None
    line = await request.app[POSTS].line(post.slug)
    if line is None:
        raise no_post()
    threads: Sequence[SeenComment] = []
    following = None
    if line.comments or who is not None:  # one that is held is seen by its writer alone
        threads, following = await request.app[COMMENTS].of_post(post.slug, COMMENTS_A_PAGE, after, viewer_id=viewer_id)
    if after is not None and not threads:
        raise NotFound("There are no later comments.", remedy="Start from the first ones.")
    corrections, _ = await request.app[CORRECTIONS].of_post(post.slug, _MOST_CORRECTIONS)
    view.shows(*(f"person:{writer_id}" for writer_id in _writers(threads)))
    social = request.app[SOCIAL]
    standing, lists, follows = None, [], False
    if who is not None:
        standing = await social.standing(who.person.id, post.slug)
        follows = await follows_author(request, who, post.author.handle)
        if standing.marks.bookmarked:
            lists = [one.name for one in await social.bookmark_lists(who.person.id) if one.name]
    path = path_of(post.slug)
    return Talk(
        likes=line.likes,
        comments=line.comments,
        threads=threads,
        further=f"{path}?comments={following}#comments" if following else None,
        is_first=after is None,
        corrections=corrections,
        onlooker=await onlooker(request, who, f"{path}?comments={after}" if after else path),
        standing=standing,
        follows_author=follows,
        lists=lists,
        key=one_time_key() if who else "",
        said=told_by(request, _SAID) if who else "",
    )


async def onlooker(request: web.Request, who: Visitor | None, here: str) -> Onlooker:
    token = (await form_token(request, who))[0] if who else ""
    return Onlooker(who.person if who else None, token, here, request.app[CLOCK].now_ms())


async def follows_author(request: web.Request, who: Visitor, handle: str) -> bool:
    from blogen.web.keys import AUTHORS

    author = await request.app[AUTHORS].by_handle(handle)
    return author is not None and bool(await request.app[SOCIAL].follows_author(who.person.id, [author.id]))


async def follows_tag(request: web.Request, who: Visitor, tag: str) -> bool:
    return bool(await request.app[SOCIAL].follows_tag(who.person.id, [tag]))


async def live(request: web.Request) -> web.Response:
    """How many comments a post has, for pages that are open: a few bytes from memory, the same for everyone."""
    slug = request.match_info["slug"]

    async def count(view: View) -> str:
        view.shows(f"post:{slug}", f"counts:{slug}")
        return json.dumps({"comments": await count_of_comments(request, slug)})

    return answer(request, await request.app[PAGES].get(("live", slug), count, "application/json"))


async def place_of(request: web.Request, comment: Comment, viewer_id: str | None) -> str:
    """Where the comment stands for this viewer: on the post's page, or deep in its thread. Raises NotFound."""
    comments, thread_id = request.app[COMMENTS], comment.parent_id or comment.id
    path, anchor = path_of(comment.slug), f"#comment-{comment.id}"
    if comment.parent_id is not None:
        head = await comments.seen(thread_id, viewer_id=viewer_id)
        if all(one.comment.id != comment.id for one in head.answers):
            return f"{path}/comments/{thread_id}?after={just_before(comment.id)}{anchor}"
    first, _ = await comments.of_post(comment.slug, COMMENTS_A_PAGE, viewer_id=viewer_id)
    if all(one.comment.id != thread_id for one in first):
        return f"{path}?comments={just_before(thread_id)}{anchor}"
    return path + anchor


async def count_of_comments(request: web.Request, slug: str) -> int:
    """Raises NotFound."""
    line = await request.app[POSTS].line(slug)
    if line is None:
        raise no_post()
    return line.comments


async def the_post(request: web.Request, slug: str) -> PostSummary:
    """Raises NotFound."""
    posts = request.app[POSTS]
    line = await posts.line(slug)
    found = (await posts.summaries([line.id])).get(line.id) if line else None
    if found is None:
        raise no_post()
    return found


def no_post() -> NotFound:
    return NotFound("There is no post at this address.", remedy="It may have been renamed or removed.")


def path_of(slug: str) -> str:
    return f"/p/{urlpart(slug)}"


def one_time_key() -> str:
    return secrets.token_urlsafe(_KEY_BYTES)


def position(request: web.Request, name: str) -> str | None:
    """The id behind which a list goes on, from the address. Raises NotFound for what can be none."""
    given = request.query.get(name)
    if given is not None and not _ID.fullmatch(given):
        raise NotFound("This page of the list does not exist.", remedy="Start from its beginning.")
    return given


def just_before(id_: str) -> str:
    """What a list goes on behind that shall begin with `id_`."""
    return str(UUID(int=UUID(id_).int - 1))


def _writers(threads: Sequence[SeenComment]) -> list[str]:
    seen = [one for thread in threads for one in (thread, *thread.answers)]
    return [one.comment.writer.id for one in seen if one.is_whole and one.comment.writer]
