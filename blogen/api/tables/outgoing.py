"""Web Push, a person's events as they happen, and webhooks."""

from http import HTTPStatus

from blogen.api.route import Route
from blogen.domain.person import Scope

ROUTES: tuple[Route, ...] = (
    Route("GET", "/push/key", "outgoing.push_key", "The blog's key for Web Push", gives="PushKeyView"),
    Route(
        "POST", "/push/subscriptions", "outgoing.subscribe", "Have notifications shown on this phone or browser",
        Scope.READER, for_person=True, takes="PushSubscription", gives="PushSubscriptionView",
        status=HTTPStatus.CREATED, needs_body=True, creates=True,
    ),
    Route(
        "DELETE", "/push/subscriptions", "outgoing.unsubscribe", "End that", Scope.READER, for_person=True,
        asks="EndpointQuery", takes="PushUnsubscription", status=HTTPStatus.NO_CONTENT,
    ),
    Route(
        "GET", "/me/events", "streams.events", "Notifications and new posts as they happen", Scope.READER,
        for_person=True, streams=True,
    ),
    Route(
        "GET", "/webhooks/deliveries", "outgoing.deliveries", "What webhooks were told, the newest first",
        Scope.ADMIN, asks="DeliveriesQuery", gives="DeliveryList",
    ),
)  # fmt: skip
