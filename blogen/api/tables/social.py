"""Likes, bookmarks, follows, progress and feeds."""

from blogen.api.route import Route

ROUTES: tuple[Route, ...] = ()
