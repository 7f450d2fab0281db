"""Web Push and webhooks."""

from blogen.api.route import Route

ROUTES: tuple[Route, ...] = ()
