"""`/push` and `/webhooks`: subscriptions of phones and browsers, and the log of what webhooks were told."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import web

from blogen.api.answers import answer, public
from blogen.api.auth import actor_of, person_of
from blogen.api.keys import CONFIG, DELIVERIES, OWN_KEYS, SUBSCRIPTIONS
from blogen.api.paging import position
from blogen.api.requests import body, query
from blogen.errors import FieldError, InvalidInput, SourceRefused

if TYPE_CHECKING:
    from blogen.providers.addresses import Network


async def push_key(request: web.Request) -> web.Response:
    from blogen.outgoing.push import PushKey

    return public(request, {"key": await PushKey(request.config_dict[OWN_KEYS]).public()})


async def subscribe(request: web.Request) -> web.Response:
    from blogen.api.outgoing_views import push_subscription_view
    from blogen.domain.outgoing import PushSubscription
    from blogen.outgoing.push import check_keys

    given = await body(request, PushSubscription)
    check_keys(given.keys.p256dh, given.keys.auth)
    _check_endpoint(request, given.endpoint)
    made = await request.config_dict[SUBSCRIPTIONS].add(
        person_of(request),
        given.endpoint,
        p256dh=given.keys.p256dh,
        auth=given.keys.auth,
        device_id=actor_of(request).device_id,
    )
    return answer(push_subscription_view(made), status=201)


async def unsubscribe(request: web.Request) -> web.Response:
    """The endpoint stands in the query or, for clients that may send one, in the body."""
    from blogen.api.queries import EndpointQuery
    from blogen.domain.outgoing import PushUnsubscription

    endpoint = query(request, EndpointQuery).endpoint
    if endpoint is None:
        endpoint = (await body(request, PushUnsubscription)).endpoint
    await request.config_dict[SUBSCRIPTIONS].remove(person_of(request), endpoint)
    return web.Response(status=204)


async def deliveries(request: web.Request) -> web.Response:
    from blogen.api.outgoing_views import delivery_list
    from blogen.api.queries import DeliveriesQuery

    asked = query(request, DeliveriesQuery)
    before = position("deliveries", asked.cursor)[1] if asked.cursor else None
    found = await request.config_dict[DELIVERIES].newest(asked.limit + 1, before, hook=asked.hook)
    return answer(delivery_list(found, asked.limit))


def _check_endpoint(request: web.Request, endpoint: str) -> None:
    """Refuse at once what is refused when it comes to sending. Raises InvalidInput."""
    from yarl import URL

    from blogen.outgoing.sending import Sender

    allowed = request.config_dict[CONFIG].research.allow_private
    try:
        Sender(allowed).check(endpoint)
        if URL(endpoint).scheme != "https" and not _is_own(URL(endpoint).host or "", allowed):
            raise SourceRefused("Push services are spoken to by https only.")
    except SourceRefused as error:
        message = "must be the address of a push service on the internet, https://…"
        raise InvalidInput(error.detail, errors=[FieldError("endpoint", message)]) from None


def _is_own(host: str, networks: "Sequence[Network]") -> bool:
    """Whether a host is spelled out as an address that the owner has allowed."""
    from blogen.providers.addresses import is_within

    try:
        return is_within(ip_address(host), networks)
    except ValueError:
        return False
