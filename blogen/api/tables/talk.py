"""Comments, notifications, reports and moderation."""

from blogen.api.route import Route

ROUTES: tuple[Route, ...] = ()
