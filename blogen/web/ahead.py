"""Pages and static files that are kept, answered ahead of the router: what `answers.answer` would say, as bytes.

Whoever shows a session, asks for a part, sends a body or wants anything but to read goes the long way.
"""

from collections.abc import Mapping
from functools import partial

from aiohttp import hdrs, web
from aiohttp.http import SERVER_SOFTWARE

from blogen.ahead import AtOnce, ask_ourselves, is_plain
from blogen.clients import COOKIE
from blogen.web.answers import form, headers, knows
from blogen.web.middleware import SECURITY_HEADERS
from blogen.web.pages import Form, Page, Pages

_METHODS = (hdrs.METH_GET, hdrs.METH_HEAD)


class PagesAhead:
    def __init__(self, server: web.Server, pages: Pages) -> None:
        self._pages = pages
        pages.renew_by(partial(ask_ourselves, server))

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """The page, if it is kept for this address; None: ask further."""
        page = self._pages.at(request.raw_path)
        if page is None or request.method not in _METHODS or not is_plain(request):
            return None
        asked = request.headers
        if COOKIE in asked.get(hdrs.COOKIE, ""):
            return None
        self._pages.asked(page)
        chosen = form(page, asked.get(hdrs.ACCEPT_ENCODING, ""))
        if asked.get(hdrs.IF_NONE_MATCH) == chosen.tag or knows(asked, page):
            return AtOnce(_head_known(page, chosen), b"")
        return AtOnce(_head(page, chosen), b"" if request.method == hdrs.METH_HEAD else chosen.body)


def _head(page: Page, chosen: Form) -> bytes:
    head = chosen.head
    if not head:
        of_page = headers(page, chosen) | {"Content-Length": str(len(chosen.body))}
        head = b"HTTP/1.1 200 OK\r\n" + _lines(of_page)
        if page.modified:  # before that it says less than it will
            chosen.head = head
    return head + _OF_ALL


def _head_known(page: Page, chosen: Form) -> bytes:
    head = chosen.head_known
    if not head:
        head = b"HTTP/1.1 304 Not Modified\r\n" + _lines(headers(page, chosen, is_known=True))
        if page.modified:
            chosen.head_known = head
    return head + _OF_ALL


def _lines(fields: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()


_OF_ALL = _lines({**SECURITY_HEADERS, "Server": SERVER_SOFTWARE})
