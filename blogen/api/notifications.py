"""`/me/notifications`: what a person is told, and what they have read of it."""

from aiohttp import web

from blogen.api.answers import answer
from blogen.api.auth import person_of
from blogen.api.keys import CONFIG, NOTIFICATIONS
from blogen.api.paging import position
from blogen.api.requests import body, query


async def list_notifications(request: web.Request) -> web.Response:
    from blogen.api.queries import NotificationsQuery
    from blogen.api.talk_views import listed, notification_view

    asked, person_id = query(request, NotificationsQuery), person_of(request)
    store, base_url = request.config_dict[NOTIFICATIONS], request.config_dict[CONFIG].server.base_url or ""
    before = position("notifications", asked.cursor)[1] if asked.cursor else None
    found, before = await store.of(person_id, asked.limit, before, unread=asked.unread)
    items = [notification_view(one, base_url) for one in found]
    return answer(listed(items, "notifications", before, unread=await store.unread(person_id)))


async def mark_read(request: web.Request) -> web.Response:
    from blogen.domain.talk import ReadRequest

    order, person_id = await body(request, ReadRequest), person_of(request)
    store = request.config_dict[NOTIFICATIONS]
    if order.ids is not None:
        await store.mark_read(person_id, order.ids)
    elif order.until is not None:
        await store.mark_read_until(person_id, order.until)
    return answer({"unread": await store.unread(person_id)})
