"""`/auth`, `/me`: accounts, devices and what belongs to one person."""

from blogen.api.route import Route

ROUTES: tuple[Route, ...] = ()
