"""From a template to an answer: pages for people are made for one person, now, and kept nowhere."""

from typing import Final

from aiohttp import web

from blogen.errors import TooManyAttempts
from blogen.web.answers import BRIEFLY, HTML
from blogen.web.keys import CONFIG
from blogen.web.people.forms import Words, form_token, give_cookie
from blogen.web.people.session import Visitor
from blogen.web.templates import render

PASSKEY_SCRIPT: Final = "passkey.js"


async def page(
    request: web.Request, template: str, *, who: Visitor | None = None, status: int = 200, script: str = "",
    **context: object,
) -> web.Response:  # fmt: skip
    """`templates/people/TEMPLATE`, or one of the folder it names, with a token for its forms: bound to `who`, else to a
    cookie that comes with it."""
    token, cookie = await form_token(request, who)
    common: dict[str, object] = {
        "viewer": who,
        "form_token": token,
        "script": script,
        "sign_up": request.app[CONFIG].auth.sign_up,
        "values": Words(),
        "wrong": Words(),
        "trouble_text": "",
        "said": "",
    }
    name = template if "/" in template else f"people/{template}"
    text = render(request.app, name, **common | context)
    headers = {"Cache-Control": BRIEFLY}
    response = web.Response(text=text, status=status, content_type=HTML, charset="utf-8", headers=headers)
    give_cookie(response, cookie)
    return response


async def note(
    request: web.Request, title: str, *paragraphs: str, onward: str = "/", onward_words: str = "To the newest posts",
    status: int = 200,
) -> web.Response:  # fmt: skip
    """A page that says something and leads on."""
    return await page(
        request, "note.html", status=status, title=title, paragraphs=paragraphs, onward=onward,
        onward_words=onward_words,
    )  # fmt: skip


def slow_down(response: web.Response, error: TooManyAttempts) -> web.Response:
    """The same page, marked as refused for now."""
    response.set_status(429)
    response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response
