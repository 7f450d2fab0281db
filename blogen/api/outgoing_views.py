"""What the API shows of Web Push and webhooks; see `views`."""

from typing import Any, ClassVar

from pydantic import Field

from blogen.api.paging import cursor
from blogen.api.views import Moment, View
from blogen.store.deliveries import Delivery, DeliveryState
from blogen.store.subscriptions import Subscription


class PushKeyView(View):
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "key": "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
    }

    key: str = Field(description="The blog's public key, base64url: what browsers call `applicationServerKey`")


class PushSubscriptionView(View):
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "endpoint": "https://push.example.net/send/dGhlLXBob25l",
        "created_at": "2026-08-02T12:00:00.000Z",
    }

    endpoint: str
    created_at: Moment


class DeliveryView(View):
    id: str = Field(description="The `webhook-id` that the receiver is shown")
    hook: str = Field(description="The webhook's name")
    event: str
    state: DeliveryState
    attempts: int = Field(description="How often it was sent")
    next_at: Moment | None = Field(description="When it is sent again; null once it was delivered or given up")
    delivered_at: Moment | None
    status: int | None = Field(description="What the webhook answered last; null: it did not")
    error: str = Field(description="Why the last attempt came to nothing; empty once it was delivered")
    created_at: Moment


class DeliveryList(View):
    items: list[DeliveryView]
    next: str | None


def push_subscription_view(subscription: Subscription) -> dict[str, Any]:
    return PushSubscriptionView(endpoint=subscription.endpoint, created_at=subscription.created_at).told()


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    return DeliveryView(
        id=delivery.id,
        hook=delivery.hook,
        event=delivery.event,
        state=delivery.state,
        attempts=delivery.attempts,
        next_at=delivery.next_at,
        delivered_at=delivery.delivered_at,
        status=delivery.status,
        error=delivery.error,
        created_at=delivery.created_at,
    ).told()


def delivery_list(deliveries: list[Delivery], limit: int) -> dict[str, Any]:
    """`deliveries` may be one more than `limit`, which tells that the list goes on."""
    shown = deliveries[:limit]
    following = cursor("deliveries", name=shown[-1].id) if len(deliveries) > limit else None
    return {"items": [delivery_view(delivery) for delivery in shown], "next": following}
