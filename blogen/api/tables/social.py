"""Likes, bookmarks, follows, progress and feeds."""

from functools import partial

from blogen.api.route import Route
from blogen.domain.person import Scope

_mine = partial(Route, scope=Scope.READER, for_person=True)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/feed", "feed.show", "The newest posts, those of one's follows, or a ranking for one person",
        asks="FeedQuery", gives="FeedView", is_shared=True,
    ),
    Route("GET", "/feed/since", "feed.since", "How many posts came since", asks="SinceQuery", gives="NewView"),
    _mine("PUT", "/posts/{slug}/like", "social.like", "Like a post", gives="PostStandingView"),
    _mine("DELETE", "/posts/{slug}/like", "social.unlike", "Take a like back", gives="PostStandingView"),
    _mine(
        "PUT", "/posts/{slug}/bookmark", "social.bookmark", "Keep a post, or move it into another list",
        takes="BookmarkRequest", gives="PostStandingView",
    ),
    _mine(
        "DELETE", "/posts/{slug}/bookmark", "social.remove_bookmark", "Keep a post no longer", gives="PostStandingView",
    ),
    _mine("GET", "/posts/{slug}/progress", "social.place", "How far one has read", gives="PostStandingView"),
    _mine(
        "PUT", "/posts/{slug}/progress", "social.read_up_to", "Tell how far one has read",
        takes="ProgressRequest", gives="PostStandingView", needs_body=True,
    ),
    _mine(
        "DELETE", "/posts/{slug}/progress", "social.forget_place", "Take a post out of what one has read",
        gives="PostStandingView",
    ),
    _mine("PUT", "/authors/{handle}/follow", "social.follow_author", "Follow an author", gives="AuthorStandingView"),
    _mine(
        "DELETE", "/authors/{handle}/follow", "social.unfollow_author", "Follow an author no longer",
        gives="AuthorStandingView",
    ),
    _mine("PUT", "/tags/{tag}/follow", "social.follow_tag", "Follow a tag", gives="TagStandingView"),
    _mine("DELETE", "/tags/{tag}/follow", "social.unfollow_tag", "Follow a tag no longer", gives="TagStandingView"),
    _mine(
        "GET", "/me/bookmarks", "social.my_bookmarks", "What one keeps, newest first",
        asks="BookmarksQuery", gives="BookmarkPage", is_tagged=True,
    ),
    _mine(
        "GET", "/me/history", "social.my_history", "What one has read, last first",
        asks="HistoryQuery", gives="HistoryPage", is_tagged=True,
    ),
    _mine(
        "GET", "/me/follows", "social.my_follows", "Whom and what one follows, authors first",
        asks="FollowsQuery", gives="FollowList", is_tagged=True,
    ),
)  # fmt: skip
