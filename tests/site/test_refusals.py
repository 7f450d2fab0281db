"""What other sites, strange proxies and forged addresses would have a browser do: refused, for every form there is."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import aiohttp
import lxml.html
import pytest
import pytest_asyncio

from blogen.clients import COOKIE
from blogen.web.people.forms import COOKIE as FORM_COOKIE
from blogen.web.people.forms import TOKEN_FIELD, TOKEN_HEADER
from blogen.web.routes import POST as ROUTES
from tests.site.filled import ANN, NOBODY, OWNER, POST, Answer, Filled
from tests.site.pages import PAGES

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVIL: Final = "evil.example"
_OF_MACHINES: Final = {"/hooks/midjourney/{secret}"}
"""Not of browsers: whoever knows the secret may call."""

ELSEWHERE: Final = [
    address.replace("EVIL", EVIL)
    for address in (
        "https://EVIL", "HTTPS:EVIL", "https:/EVIL", "https:///EVIL", "//EVIL", "///EVIL", "////EVIL/..", "/\\EVIL",
        "\\\\EVIL", "\\/EVIL", "/\t/EVIL", "/\n/EVIL", " //EVIL", "\x00//EVIL", "//localhost@EVIL", "//EVIL\u3002x",
        "http://localhost:80@EVIL/", "https://EVIL\\@localhost/", "javascript:ran(1)", "data:text/html,ran(1)",
        "/me\r\nLocation: https://EVIL", "/me\r\nSet-Cookie: blogen=1", "／／EVIL", "ftp://EVIL",
    )
]  # fmt: skip
"""Addresses that are not of this blog, or that some browser would not take for one of it."""


class Sender:
    """A browser that can be made to send what it should not."""

    def __init__(self, site: Filled, who: str) -> None:
        self.site = site
        self.who = who
        self.token = ""
        self._cookies = site.cookies(who)

    async def open(self, path: str) -> Answer:
        """Get a page as this browser; its token is remembered."""
        answer = await self.site.ask("GET", path, headers=self._headers())
        for line in answer.headers.getall("Set-Cookie", ()):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        found = re.search(rf'name="{TOKEN_FIELD}" value="(\w+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        return await self._send(path, headers, data=fields)

    async def post_each_way(self, path: str, token: str, **headers: str) -> list[int]:
        """As a form, as one with a file, as JSON; how each was answered."""
        several = aiohttp.FormData({TOKEN_FIELD: token})
        several.add_field("file", b"x", filename="x.png", content_type="image/png")
        with_token = headers | {TOKEN_HEADER: token}
        return [
            (await self._send(path, headers, data={TOKEN_FIELD: token})).status,
            (await self._send(path, headers, data=several)).status,
            (await self._send(path, with_token, json={})).status,
        ]

    async def _send(self, path: str, headers: dict[str, str], **body: Any) -> Answer:
        return await self.site.ask("POST", path, headers=self._headers() | headers, **body)

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}


def _addresses(site: Filled) -> Iterator[tuple[str, str]]:
    """Every address that takes a form, by its route, with what it is about filled in."""
    about = {"slug": POST, "id": site.places["comment"], "handle": "bea", "tag": "sea", "ticket": site.places["reset"],
             "number": "1", "act": "cancel", "name": "main", "trade": "text"}  # fmt: skip
    for route in (route for route in ROUTES if route not in _OF_MACHINES):
        names = about | ({"id": site.places["in_review"]} if "/jobs/" in route else {})
        path = route
        for name, value in names.items():
            path = re.sub(rf"\{{{name}[^}}]*\}}", value, path)
        yield route, path


@pytest_asyncio.fixture(loop_scope="session")
async def owner(site: Filled) -> Sender:
    sender = Sender(site, OWNER)
    await sender.open("/me")
    return sender


@pytest_asyncio.fixture(loop_scope="session")
async def nobody(site: Filled) -> Sender:
    sender = Sender(site, NOBODY)
    await sender.open("/login")
    return sender


async def test_no_form_is_taken_from_elsewhere_or_without_its_token(
    site: Filled, owner: Sender, nobody: Sender
) -> None:
    stale = Sender(site, ANN)
    await stale.open("/me")
    at_home = {"Origin": site.blogen.url}
    ways: dict[str, tuple[str, dict[str, str]]] = {
        "without a token": ("", at_home),
        "with a token of somebody else": (stale.token, at_home),
        "with a token that nobody has": ("0" * 64, at_home),
        "from another site": ("own", {"Origin": f"https://{EVIL}", "Sec-Fetch-Site": "cross-site"}),
        "from another site of old browsers": ("own", {"Origin": f"https://{EVIL}"}),
        "from a neighbour": ("own", {"Origin": f"http://x.{site.blogen.url[7:]}", "Sec-Fetch-Site": "same-site"}),
        "from a page without origin": ("own", {"Origin": "null"}),
        "without saying from where": ("own", {}),
    }
    wrong = []
    for route, path in _addresses(site):
        for way, (token, headers) in ways.items():
            answers = []
            for sender in (owner, nobody):
                said = sender.token if token == "own" else token
                answers += await sender.post_each_way(path, said, **headers)
            if min(answers) < 300 or 403 not in answers or max(answers) >= 500:
                wrong.append(f"{route} {way}: {answers}")
    assert not wrong, "\n".join(wrong)


async def test_with_its_token_from_our_own_page_a_form_is_taken(site: Filled, owner: Sender) -> None:
    """Otherwise the refusals above would mean nothing."""
    for act, stands in (("do", 2), ("undo", 1)):
        fields = {TOKEN_FIELD: owner.token, "act": act, "do": act, "back": f"/p/{POST}"}
        answer = await owner.post(f"/p/{POST}/like", fields, Origin=site.blogen.url)
        assert answer.status == 303, (stands, answer.text)


async def test_no_form_leads_to_another_site(site: Filled) -> None:
    seen: set[str] = set()
    wrong = []
    for page in PAGES:
        if page.is_young:
            continue
        sender = Sender(site, page.who)
        found = lxml.html.fromstring((await sender.open(page.address(site))).text)
        for form in found.forms:
            fields = {name: value or "" for name, value in form.form_values()}
            ways = {"next", "back"} & set(fields)
            route = re.sub(r"[0-9a-f-]{36}|(?<=/p/)[^/]+|(?<=/posts/)[^/]+", "*", str(form.action))
            if form.method != "POST" or not ways or route in seen or "/delete" in route:
                continue
            seen.add(route)
            for address in ELSEWHERE:
                fields.update(dict.fromkeys(ways, address))
                if "login" in fields:
                    fields |= {"login": page.who or ANN, "password": "correct horse battery"}
                answer = await sender.post(str(form.action), fields, Origin=site.blogen.url)
                wrong += [f"{route} {address!r}: {trouble}" for trouble in _led_away(answer)]
    for address in ELSEWHERE:
        for path in ("/login", "/register"):
            answer = await site.get(f"{path}?next={quote(address, safe='')}")
            wrong += [f"{path} {address!r}: {trouble}" for trouble in _led_away(answer)]
    assert not wrong, "\n".join(wrong)
    assert "/login" in seen
    assert len(seen) > 2, seen


def _led_away(answer: Answer) -> list[str]:
    location = answer.headers.get("Location", "")
    wrong = []
    if location and not re.fullmatch(r"/(?![/\\])[!-~]*", location):
        wrong.append(f"led to {location!r}")
    if "blogen=1" in str(answer.headers.getall("Set-Cookie", ())):
        wrong.append("wrote a cookie of another's making")
    if answer.status >= 500:
        wrong.append(f"was answered {answer.status}")
    if re.search(rf'(?:href|action|value)="[^"]*{EVIL}', answer.text):
        wrong.append("kept the address")
    return wrong


KEPT: Final = (
    "/", f"/p/{POST}", f"/p/{POST}/receipt", "/tags/sea", "/authors/blogen", "/series/waiting-in-line", "/archive",
    "/feed.xml", "/atom.xml", "/feed.json", "/tags/sea/feed.xml", "/sitemap.xml", "/robots.txt", "/llms.txt",
    "/manifest.webmanifest", f"/p/{POST}.md", "/p/nothing-here", "/newest.json",
)  # fmt: skip
FORGED: Final = (
    {"Host": EVIL}, {"Host": f"localhost:80@{EVIL}"}, {"X-Forwarded-Host": EVIL}, {"X-Forwarded-Proto": "gopher"},
    {"X-Forwarded-Port": "1337"}, {"X-Forwarded-Prefix": f"//{EVIL}"}, {"X-Forwarded-For": EVIL}, {"X-Host": EVIL},
    {"Forwarded": f"for=1.2.3.4;host={EVIL};proto=http"}, {"X-Forwarded-Server": EVIL}, {"X-Original-URL": "/login"},
    {"X-Rewrite-URL": "/login"}, {"X-HTTP-Method-Override": "POST"}, {"X-Forwarded-Scheme": "nothttps"},
    {"Origin": f"https://{EVIL}"}, {"Referer": f"https://{EVIL}/"}, {"User-Agent": f"<script>{EVIL}</script>"},
    {"Accept-Language": "de"}, {"Accept": "application/json"}, {"Cookie": f"{COOKIE}={EVIL}; theme={EVIL}"},
    {"Cookie": f"{FORM_COOKIE}={'x' * 32}"}, {"Authorization": f"Bearer {EVIL}"}, {"Via": f"1.1 {EVIL}"},
    {"X-Request-Id": EVIL}, {"Purpose": "prefetch"}, {"Save-Data": "on"},
)  # fmt: skip
UNKEYED: Final = (
    f"?utm_source={EVIL}",
    f"?fbclid=%22%3E{EVIL}",
    "?",
    f"?x[]={EVIL}&x={EVIL}",
    f"?{EVIL}",
    f"?lang=de;{EVIL}",
)


async def test_what_proxies_are_said_to_say_changes_no_kept_page(site: Filled) -> None:
    wrong = []
    for path in KEPT:
        first = await site.get(path)
        for forged in FORGED:
            answer = await site.get(path, **forged)
            if _told(answer) != _told(first) or EVIL in str(answer.headers):
                wrong.append(f"{path} {forged}: {answer.status} differs")
        for query in UNKEYED:
            answer = await site.get(path + query)
            if _told(answer) != _told(first):
                wrong.append(f"{path}{query}: {answer.status} differs")
        if _told(await site.get(path)) != _told(first):
            wrong.append(f"{path} is another now")
    assert not wrong, "\n".join(wrong)


async def test_an_owner_leaves_nothing_of_theirs_on_kept_pages(site: Filled) -> None:
    for path in KEPT:
        first = await site.get(path)
        own = await site.get(path, OWNER)
        assert _told(await site.get(path)) == _told(first), path
        if first.headers["Content-Type"].startswith("text/html"):
            assert "no-store" in own.headers["Cache-Control"], path
            assert first.status >= 400 or "Cookie" in first.headers["Vary"], path


def _told(answer: Answer) -> tuple[int, str, bytes]:
    """What a cache would keep of it, in whatever coding. An error page names its request, and is kept by none."""
    body = re.sub(rb"[0-9a-f]{16}", b"", answer.body) if answer.status >= 400 else answer.body
    return answer.status, answer.headers.get("ETag", "").strip('"').partition("-")[0], body
