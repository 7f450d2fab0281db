"""The safe fetcher: what it fetches from a real local server, and what nothing can make it fetch."""

import asyncio
import gzip
import socket
import zlib
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from aiohttp import web

from blogen.errors import ProviderUnavailable, SourceRefused
from blogen.providers.addresses import is_public
from blogen.providers.fetch import Fetcher
from blogen.providers.guard import system_resolve

LOCAL = ["127.0.0.0/8", "::1/128"]
PAGE = "<html><title>Tea</title><p>Tea keeps well.</p></html>"


class Site:
    """A local server: pages by path, and what it was asked for."""

    def __init__(self):
        self.requests = []
        self.port = 0

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    async def answer(self, request):
        self.requests.append(request)
        match request.path.strip("/").split("/"):
            case ["page"]:
                return web.Response(text=PAGE, content_type="text/html", headers={"Set-Cookie": "a=b"})
            case ["to"]:
                return web.Response(status=302, headers={"Location": request.query["url"]})
            case ["chain", count] if int(count):
                raise web.HTTPMovedPermanently(f"/chain/{int(count) - 1}")
            case ["chain", _]:
                return web.Response(text="the end")
            case ["circle", side]:
                raise web.HTTPTemporaryRedirect(f"/circle/{'b' if side == 'a' else 'a'}#{side}")
            case ["type", family, name]:
                return web.Response(body=b"some text", headers={"Content-Type": f"{family}/{name}; charset=ISO-8859-1"})
            case ["status", status]:
                return web.Response(status=int(status), headers={"Retry-After": "33"})
            case ["large"]:
                return web.Response(body=b"x" * 300_000, content_type="text/plain")
            case ["endless"]:
                return await self._endless(request, b"x" * 65_536)
            case ["drip"]:
                return await self._endless(request, b"x")
            case ["bomb"]:
                body = gzip.compress(b"\0" * 50_000_000)
                return web.Response(body=body, headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})
            case ["packed", manner]:
                packed = {
                    "gzip": (gzip.compress(PAGE.encode()), "gzip"),
                    "deflate": (zlib.compress(PAGE.encode()), "deflate"),
                    "raw": (zlib.compress(PAGE.encode())[2:-4], "deflate"),
                    "cut": (gzip.compress(PAGE.encode())[:-12], "gzip"),
                    "lie": (PAGE.encode(), "gzip"),
                    "br": (PAGE.encode(), "br"),
                }[manner]
                return web.Response(
                    body=packed[0], headers={"Content-Type": "text/html", "Content-Encoding": packed[1]}
                )
            case ["hang"]:
                await asyncio.sleep(60)
            case ["cut"]:
                response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "text/html"})
                await response.prepare(request)
                await response.write(b"<p>")
                request.transport.close()
                return response
        raise web.HTTPNotFound

    async def _endless(self, request, piece):
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(piece)
            await asyncio.sleep(0.01 if len(piece) == 1 else 0)


@pytest.fixture
async def site():
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@pytest.fixture
async def fetcher_with():
    fetchers = []

    def make(allow_private=LOCAL, **options):
        fetchers.append(Fetcher(**{"timeout_seconds": 5, "allow_private": allow_private, **options}))
        return fetchers[-1]

    yield make
    for fetcher in fetchers:
        await fetcher.close()


async def test_a_page_is_fetched_without_cookies_or_keys(site, fetcher_with):
    fetcher = fetcher_with()
    for _ in range(2):
        fetched = await fetcher.fetch(site.url("/page#part"))
    assert fetched.body.decode() == PAGE
    assert (fetched.status, fetched.media_type, fetched.charset) == (200, "text/html", "utf-8")
    assert fetched.url == site.url("/page")
    for request in site.requests:
        assert "Cookie" not in request.headers
        assert "Authorization" not in request.headers
        assert "Blogen" in request.headers["User-Agent"]


async def test_redirects_are_followed_and_the_last_address_is_told(site, fetcher_with):
    fetched = await fetcher_with().fetch(site.url("/chain/5"))
    assert (fetched.body, fetched.url) == (b"the end", site.url("/chain/0"))


@pytest.mark.parametrize(("path", "words"), [("/chain/6", "more than 5 times"), ("/circle/a", "in a circle")])
async def test_redirects_without_end_are_refused(site, fetcher_with, path, words):
    with pytest.raises(SourceRefused, match=words):
        await fetcher_with().fetch(site.url(path))


PRIVATE = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
    "localhost", "LOCALHOST", "①②⑦.0.0.1", "127。0。0。1", "0.0.0.0", "0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1",
    "240.0.0.1", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]", "[::127.0.0.1]",
    "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]",
    "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[2001:db8::1]", "[2001::1]",
    "[fec0::1]", "[100::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
async def test_no_form_of_a_private_address_is_fetched(fetcher_with, host):
    with pytest.raises(SourceRefused, match=r"private address|not a valid address"):
        await fetcher_with([]).fetch(f"http://{host}/page")


@pytest.mark.parametrize("host", [host for host in PRIVATE if host.casefold() != "localhost"])
async def test_a_private_address_that_is_spelled_out_is_refused_before_anything_is_resolved(fetcher_with, host):
    with pytest.raises(SourceRefused):
        fetcher_with([]).check(f"http://{host}/page")


async def test_an_address_that_only_its_name_could_forbid_passes_the_first_check(fetcher_with):
    fetcher_with([]).check("https://example.com/page")
    fetcher_with(["10.0.0.0/8"]).check("http://10.1.2.3:8000/page")
    fetcher_with([]).check("https://abba.de/")


@pytest.mark.parametrize("host", PRIVATE)
async def test_no_form_of_a_private_address_is_redirected_to(site, fetcher_with, host):
    async def resolve(name, port):
        return [ip_address("127.0.0.1")] if name == "outside.example" else await system_resolve(name, port)

    fetcher = fetcher_with([], resolve=resolve, allow_hosts=["outside.example"])
    target = quote(f"http://{host}:{site.port}/page", safe="")
    with pytest.raises(SourceRefused, match=r"private address|not a valid address"):
        await fetcher.fetch(site.url(f"/to?url={target}", host="outside.example"))
    assert [request.path for request in site.requests] == ["/to"]


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2002:808:808::1", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.com/a", "ftp: addresses are not fetched"),
        ("file:///etc/passwd", "file: addresses are not fetched"),
        ("gopher://127.0.0.1/", "not fetched"),
        ("data:text/html,hi", "not fetched"),
        ("example.com/page", "not the address of a web page"),
        ("", "not the address"),
        ("http://", "not fetched|not a valid|not the address"),
        ("http://user@example.com/", "carries a user or a password"),
        ("http://user:secret@example.com/", "carries a user or a password"),
        ("http://:secret@example.com/", "carries a user or a password"),
        ("http://example.com:99999/", "not a valid address"),
        ("http://[::1", "not a valid address"),
        ("http://a b/", "not a valid address"),
        ("http://exa\nmple.com/", "not a valid address|private|resolved"),
        ("https://example.com/" + "a" * 5000, "longer than 4000"),
    ],
)
async def test_what_is_not_a_plain_web_address_is_refused(fetcher_with, url, words):
    async def nowhere(host, port):
        return [ip_address("127.0.0.1")]

    with pytest.raises(SourceRefused, match=words) as raised:
        await fetcher_with([], resolve=nowhere).fetch(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("port", [22, 25, 3306, 6379, 11211, 9200])
async def test_ports_where_no_web_pages_are_served_are_refused(fetcher_with, port):
    async def public(host, port):
        return [ip_address("93.184.216.34")]

    with pytest.raises(SourceRefused, match=f"Port {port}"):
        await fetcher_with([], resolve=public).fetch(f"http://example.com:{port}/")


async def test_a_name_with_one_private_address_among_public_ones_is_refused(fetcher_with):
    async def mixed(host, port):
        return [ip_address("93.184.216.34"), ip_address("10.0.0.7")]

    with pytest.raises(SourceRefused, match=r"example\.com \(10\.0\.0\.7\) is a private address"):
        await fetcher_with([], resolve=mixed).fetch("http://example.com/")


async def test_the_address_that_was_checked_is_the_one_connected_to(site, fetcher_with):
    """DNS rebinding: the second look-up leads elsewhere; there must be none between check and connection."""
    asked = []

    async def rebinding(host, port):
        asked.append(host)
        return [ip_address("127.0.0.1" if len(asked) == 1 else "169.254.169.254")]

    fetcher = fetcher_with(resolve=rebinding)
    fetched = await fetcher.fetch(site.url("/page", host="rebind.example"))
    assert fetched.status == 200
    assert asked == ["rebind.example"], "one look-up for one connection"
    with pytest.raises(SourceRefused, match=r"rebind\.example \(169\.254\.169\.254\) is a private address"):
        await fetcher.fetch(site.url("/page", host="rebind.example"))


async def test_a_name_that_resolves_to_a_private_address_is_refused_also_after_a_redirect(site, fetcher_with):
    async def resolve(host, port):
        return [ip_address("127.0.0.1" if host == "outside.example" else "192.168.0.10")]

    with pytest.raises(SourceRefused, match=r"inside\.example \(192\.168\.0\.10\)"):
        await fetcher_with(resolve=resolve).fetch(site.url("/to?url=http://inside.example/", host="outside.example"))


@pytest.mark.parametrize("location", ["ftp://example.com/", "http://user:pw@example.com/", "http://[::1/"])
async def test_a_redirect_to_what_would_not_be_fetched_is_refused(site, fetcher_with, location):
    with pytest.raises(SourceRefused):
        await fetcher_with().fetch(site.url("/to?url=" + location))
    assert len(site.requests) == 1


@pytest.mark.parametrize("path", ["/large", "/endless", "/bomb"])
async def test_a_page_that_is_too_large_is_refused_while_it_comes(site, fetcher_with, path):
    with pytest.raises(SourceRefused, match=r"larger than 0\.2 MB"):
        await fetcher_with(max_bytes=200_000).fetch(site.url(path))


@pytest.mark.parametrize("manner", ["gzip", "deflate", "raw"])
async def test_packed_pages_are_unpacked(site, fetcher_with, manner):
    assert (await fetcher_with().fetch(site.url(f"/packed/{manner}"))).body.decode() == PAGE


@pytest.mark.parametrize("manner", ["cut", "lie", "br"])
async def test_pages_that_cannot_be_unpacked_are_refused(site, fetcher_with, manner):
    with pytest.raises(SourceRefused, match="cannot be unpacked"):
        await fetcher_with().fetch(site.url(f"/packed/{manner}"))


@pytest.mark.parametrize("path", ["/hang", "/drip"])
async def test_a_page_that_never_ends_is_given_up_in_time(site, fetcher_with, path):
    with pytest.raises(ProviderUnavailable, match=r"within 0\.3 s"):
        await fetcher_with(timeout_seconds=0.3).fetch(site.url(path))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 408])
async def test_what_may_pass_is_unavailable(site, fetcher_with, status):
    with pytest.raises(ProviderUnavailable, match=f"answered {status}") as raised:
        await fetcher_with().fetch(site.url(f"/status/{status}"))
    assert raised.value.retry_after_seconds == 33


@pytest.mark.parametrize(
    ("status", "words"), [(404, "does not exist"), (410, "is gone"), (403, "does not let us"), (401, "sign-in")]
)
async def test_what_is_not_there_is_refused(site, fetcher_with, status, words):
    with pytest.raises(SourceRefused, match=words):
        await fetcher_with().fetch(site.url(f"/status/{status}"))


async def test_failures_of_the_network_are_unavailable(site, fetcher_with):
    with pytest.raises(ProviderUnavailable, match="broke the connection off"):
        await fetcher_with().fetch(site.url("/cut"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderUnavailable, match="could not be reached"):
            await fetcher_with().fetch(f"http://127.0.0.1:{closed.getsockname()[1]}/")
    with pytest.raises(ProviderUnavailable, match="could not be resolved"):
        await fetcher_with().fetch("http://no-such-host.invalid/")
    with pytest.raises(ProviderUnavailable, match="No safe connection"):
        await fetcher_with().fetch(site.url("/page").replace("http:", "https:"))


@pytest.mark.parametrize(
    "media_type",
    ["text/html", "application/xhtml+xml", "text/plain", "text/markdown", "application/xml", "text/xml",
     "application/rss+xml", "application/json", "application/ld+json"],
)  # fmt: skip
async def test_types_that_hold_text_are_read(site, fetcher_with, media_type):
    fetched = await fetcher_with().fetch(site.url(f"/type/{media_type}"))
    assert (fetched.media_type, fetched.charset) == (media_type, "iso-8859-1")


@pytest.mark.parametrize(
    ("media_type", "words"),
    [
        ("application/pdf", "a PDF"),
        ("image/png", "a picture"),
        ("image/svg+xml", "a picture"),
        ("video/mp4", "a video"),
        ("application/octet-stream", "octet-stream"),
        ("application/zip", "zip"),
    ],
)
async def test_types_that_hold_no_text_are_refused(site, fetcher_with, media_type, words):
    with pytest.raises(SourceRefused, match=words):
        await fetcher_with().fetch(site.url(f"/type/{media_type}"))


@pytest.mark.parametrize(("body", "is_text"), [(b"plain words", True), (b"\0\1\2", False)])
async def test_a_page_without_a_type_is_read_if_it_is_text(fetcher_with, body, is_text):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        if is_text:
            assert (await fetcher_with().fetch(url)).body == body
        else:
            with pytest.raises(SourceRefused, match="binary"):
                await fetcher_with().fetch(url)
