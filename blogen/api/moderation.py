"""`/moderation`, `/people/{handle}/block` and `/posts/{slug}/corrections`: what is decided about what people say."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

from blogen.api.answers import answer, public
from blogen.api.auth import actor_of, person_of
from blogen.api.keys import AVERSIONS, CONFIG, CORRECTIONS, MODERATION, PEOPLE
from blogen.api.paging import position
from blogen.api.requests import body, query
from blogen.store.aversions import Kind
from blogen.store.walks import Page

T = TypeVar("T")

OWNER_NAME = "owner"


async def name_of(request: web.Request) -> str:
    """Who decides, as the log tells it."""
    person_id = actor_of(request).person_id
    if person_id is None:
        return OWNER_NAME
    person = await request.config_dict[PEOPLE].by_id(person_id)
    return person.handle if person else OWNER_NAME


async def queue(request: web.Request) -> web.Response:
    from blogen.api.talk_views import held_comment_view

    base_url = _base_url(request)
    return await _list(
        request, "queue", request.config_dict[MODERATION].queue, lambda one: held_comment_view(one, base_url)
    )


async def approve(request: web.Request) -> web.Response:
    return await _decided(request, request.config_dict[MODERATION].approve)


async def remove(request: web.Request) -> web.Response:
    return await _decided(request, request.config_dict[MODERATION].remove)


async def restore(request: web.Request) -> web.Response:
    return await _decided(request, request.config_dict[MODERATION].restore)


async def reports(request: web.Request) -> web.Response:
    from blogen.api.talk_views import report_view

    base_url = _base_url(request)
    return await _list(
        request, "reports", request.config_dict[MODERATION].reports, lambda one: report_view(one, base_url)
    )


async def close_report(request: web.Request) -> web.Response:
    from blogen.api.talk_views import act_view
    from blogen.domain.talk import Outcome
    from blogen.render.comments import tidy

    order = await body(request, Outcome, may_be_empty=True)
    act = await request.config_dict[MODERATION].close_report(
        request.match_info["id"], tidy(order.outcome), await name_of(request)
    )
    return answer(act_view(act))


async def log(request: web.Request) -> web.Response:
    from blogen.api.talk_views import act_view

    return await _list(request, "moderation-log", request.config_dict[MODERATION].log, act_view)


async def undo(request: web.Request) -> web.Response:
    from blogen.api.talk_views import act_view

    return answer(act_view(await request.config_dict[MODERATION].undo(request.match_info["id"])))


async def words(request: web.Request) -> web.Response:
    return answer({"items": await request.config_dict[MODERATION].words(), "next": None})


async def block_word(request: web.Request) -> web.Response:
    return await _decided(request, request.config_dict[MODERATION].block_word, name="word")


async def unblock_word(request: web.Request) -> web.Response:
    return await _decided(request, request.config_dict[MODERATION].unblock_word, name="word")


async def block(request: web.Request) -> web.Response:
    return await _averse(request, "block")


async def mute(request: web.Request) -> web.Response:
    return await _averse(request, "mute")


async def aversions(request: web.Request) -> web.Response:
    from functools import partial

    from blogen.api.talk_views import aversion_view

    of = partial(request.config_dict[AVERSIONS].of, person_of(request))
    return await _list(request, "aversions", of, aversion_view)


async def corrections(request: web.Request) -> web.Response:
    from blogen.api.queries import TalkQuery
    from blogen.api.talk_views import correction_view, listed

    asked, slug = query(request, TalkQuery), request.match_info["slug"]
    kind = f"corrections {slug}"
    after = position(kind, asked.cursor)[1] if asked.cursor else None
    found, after = await request.config_dict[CORRECTIONS].of_post(slug, asked.limit, after)
    return public(request, listed([correction_view(one) for one in found], kind, after))


async def correct(request: web.Request) -> web.Response:
    from blogen.api.talk_views import correction_view
    from blogen.domain.talk import MAX_NOTE_CHARS, CorrectionRequest
    from blogen.render.comments import plain_note

    order = await body(request, CorrectionRequest)
    text = plain_note("text", order.text, max_chars=MAX_NOTE_CHARS)
    made = await request.config_dict[CORRECTIONS].publish(request.match_info["slug"], text, block=order.block)
    return answer(correction_view(made), status=201)


async def _decided(
    request: web.Request, decide: Callable[[str, str], Awaitable[Any]], *, name: str = "id"
) -> web.Response:
    from blogen.api.talk_views import act_view

    return answer(act_view(await decide(request.match_info[name], await name_of(request))))


async def _list(
    request: web.Request,
    kind: str,
    read: Callable[[int, str | None], Awaitable[Page[T]]],
    view: Callable[[T], dict[str, Any]],
) -> web.Response:
    """A private list that goes on behind an id."""
    from blogen.api.queries import TalkQuery
    from blogen.api.talk_views import listed

    asked = query(request, TalkQuery)
    found, after = await read(asked.limit, position(kind, asked.cursor)[1] if asked.cursor else None)
    return answer(listed([view(one) for one in found], kind, after))


async def _averse(request: web.Request, kind: Kind) -> web.Response:
    store, person_id, handle = request.config_dict[AVERSIONS], person_of(request), request.match_info["handle"]
    await (store.add if request.method == "PUT" else store.remove)(person_id, handle, kind)
    return web.Response(status=204)


def _base_url(request: web.Request) -> str:
    return request.config_dict[CONFIG].server.base_url or ""
