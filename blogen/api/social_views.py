"""What the API shows of likes, bookmarks, follows and feeds; see `views`."""

from typing import Any, Literal

from pydantic import Field

from blogen.api.views import (
    AuthorLinkView,
    CountsView,
    FollowingView,
    Moment,
    PostItemView,
    View,
    ViewerView,
    rfc3339,
)
from blogen.store.feeds import MOST_NEW, FeedItem, Reason
from blogen.store.social import AuthorStanding, Bookmark, Follow, Place, PostStanding, TagStanding


class PlaceView(View):
    block: str = Field(description="Id of the block that was read last; a revision may have taken it away")
    fraction: float
    at: Moment


class PostStandingView(View):
    """What stands between a person and a post after an act."""

    slug: str
    counts: CountsView
    viewer: ViewerView
    list: str | None = Field(description="The list that the bookmark is in, empty for none; null: no bookmark")
    place: PlaceView | None = Field(description="How far the person read; null: not begun")


class AuthorStandingView(View):
    handle: str
    followers: int
    viewer: FollowingView


class TagStandingView(View):
    tag: str
    posts: int
    followers: int
    viewer: FollowingView


class BookmarkView(PostItemView):
    list: str = Field(description="Empty: in no list")
    bookmarked_at: Moment


class BookmarkListView(View):
    name: str
    posts: int


class BookmarkPage(View):
    items: list[BookmarkView]
    next: str | None
    lists: list[BookmarkListView] = Field(description="All of the person's lists, by name")
    unlisted: int = Field(description="How many bookmarks are in no list")


class ReadingView(PostItemView):
    place: PlaceView


class HistoryPage(View):
    items: list[ReadingView]
    next: str | None


class FollowView(View):
    kind: Literal["author", "tag"]
    author: AuthorLinkView | None
    tag: str | None
    followers: int
    followed_at: Moment


class FollowList(View):
    items: list[FollowView]
    next: str | None


class ReasonView(View):
    """Why a post stands in a feed."""

    kind: Reason = Field(description="Others may come: show `text`")
    of: str | None = Field(description="The author's name or the tag that is followed; else null")
    text: str


class FeedItemView(PostItemView):
    reason: ReasonView


class FeedView(View):
    items: list[FeedItemView]
    next: str | None
    head: str | None = Field(
        description="Where the newest post stands, for `/feed/since`; null on further pages: keep the first one's"
    )


class NewView(View):
    new: int = Field(ge=0, le=MOST_NEW, description=f"Posts that came since; {MOST_NEW} means so many or more")


def post_standing_view(standing: PostStanding) -> dict[str, Any]:
    """What stands between a person and a post, as JSON."""
    return PostStandingView(
        slug=standing.slug,
        counts=CountsView(likes=standing.likes, comments=standing.comments),
        viewer=ViewerView(**standing.marks._asdict()),
        list=standing.list,
        place=_place(standing.place) if standing.place else None,
    ).told()


def author_standing_view(standing: AuthorStanding) -> dict[str, Any]:
    return AuthorStandingView(
        handle=standing.handle, followers=standing.followers, viewer=FollowingView(following=standing.is_followed)
    ).told()


def tag_standing_view(standing: TagStanding) -> dict[str, Any]:
    return TagStandingView(
        tag=standing.tag,
        posts=standing.posts,
        followers=standing.followers,
        viewer=FollowingView(following=standing.is_followed),
    ).told()


def place_view(place: Place) -> dict[str, Any]:
    return _place(place).told()


def bookmarked_at(bookmark: Bookmark) -> str:
    return rfc3339(bookmark.at)


def follow_view(follow: Follow) -> dict[str, Any]:
    is_author = follow.kind == "author"
    return FollowView(
        kind=follow.kind,
        author=AuthorLinkView(handle=follow.handle, name=follow.name, avatar=follow.avatar) if is_author else None,
        tag=None if is_author else follow.id,
        followers=follow.followers,
        followed_at=follow.at,
    ).told()


def reason_view(item: FeedItem) -> dict[str, Any]:
    words = _WORDS[item.reason] if item.of or item.reason not in _UNNAMED else _UNNAMED[item.reason]
    return ReasonView(kind=item.reason, of=item.of or None, text=words.format(of=item.of)).told()


_WORDS = {
    Reason.NEW: "It is new.",
    Reason.AUTHOR: "You follow {of}.",
    Reason.TAG: "You follow the tag {of}.",
    Reason.CO_READERS: "Readers who like what you like have liked it.",
}
_UNNAMED = {Reason.AUTHOR: "You followed its author.", Reason.TAG: "You followed one of its tags."}
"""Where the person has ended the follow since the feed was made."""


def _place(place: Place) -> PlaceView:
    return PlaceView(**place._asdict())
