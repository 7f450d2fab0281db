"""The reader's and people's addresses, in two tables. Handlers are named, not imported: who asks for one loads it."""

from aiohttp import web

from blogen.later import handler
from blogen.web.keys import BUS, PAGES
from blogen.web.middleware import add_headers, friendly_errors
from blogen.web.pages import Pages
from blogen.web.people.state import PEOPLE_PAGES, PeoplePages


def add_reader(app: web.Application) -> None:
    """Add the public site to `app`, which has the keys of `keys.py` set."""
    app[PAGES] = Pages(app[BUS])
    app[PEOPLE_PAGES] = PeoplePages()
    app.middlewares.append(friendly_errors)
    app.on_response_prepare.append(add_headers)
    app.on_cleanup.append(_close_pages)
    for path, name in GET.items():
        app.router.add_get(path, handler(f"blogen.web.{name}"))
    for path, name in POST.items():
        app.router.add_post(path, handler(f"blogen.web.{name}"))


GET = {
    "/": "reader.home.home",
    "/archive": "reader.home.archive",
    "/p/{slug}": "reader.post.post",
    "/p/{slug}/receipt": "reader.post.receipt",
    "/tags/{tag}": "reader.tags.tag",
    "/authors/{handle}": "reader.authors.author",
    "/search": "reader.search.search",
    "/feed.xml": "reader.feeds.rss",
    "/atom.xml": "reader.feeds.atom",
    "/feed.json": "reader.feeds.json_feed",
    "/tags/{tag}/feed.xml": "reader.feeds.rss",
    "/tags/{tag}/atom.xml": "reader.feeds.atom",
    "/tags/{tag}/feed.json": "reader.feeds.json_feed",
    "/authors/{handle}/feed.xml": "reader.feeds.rss",
    "/authors/{handle}/atom.xml": "reader.feeds.atom",
    "/authors/{handle}/feed.json": "reader.feeds.json_feed",
    "/sitemap.xml": "reader.site.sitemap",
    "/robots.txt": "reader.site.robots",
    "/manifest.webmanifest": "reader.site.manifest",
    "/media/{name}": "reader.media.medium",
    "/login": "people.sign_in.ask",
    "/register": "people.register.ask",
    "/me": "people.me.me",
    "/me/data.json": "people.me.data",
    "/reset": "people.reset.ask",
    "/reset/{ticket}": "people.reset.choose",
    "/studio": "studio.board.board",
    "/app": "phone.to_app",
    "/app/{path:.*}": "phone.app",
    "/static/{name}": "assets.static",
    "/favicon.ico": "assets.favicon",
    "/healthz": "health.healthz",
    "/readyz": "health.readyz",
}
"""`module.function` in this package, by address."""

POST = {
    "/hooks/midjourney/{secret}": "hooks.midjourney",
    "/login": "people.sign_in.sign_in",
    "/logout": "people.sign_in.sign_out",
    "/register": "people.register.register",
    "/reset": "people.reset.send_link",
    "/reset/{ticket}": "people.reset.set_password",
    "/me/profile": "people.me.save_profile",
    "/me/avatar": "people.me.save_avatar",
    "/me/email": "people.me.save_email",
    "/me/password": "people.me.save_password",
    "/me/passkeys/remove": "people.me.remove_passkey",
    "/me/devices/revoke": "people.me.revoke_device",
    "/me/devices/revoke-others": "people.me.revoke_other_devices",
    "/me/pairing": "people.me.show_pairing_code",
    "/me/invitations": "people.me.invite",
    "/me/delete": "people.me.delete",
    "/passkeys/options": "people.passkeys.adding",
    "/passkeys": "people.passkeys.add",
    "/passkeys/sign-in/options": "people.passkeys.signing_in",
    "/passkeys/sign-in": "people.passkeys.use",
}


async def _close_pages(app: web.Application) -> None:
    await app[PAGES].close()
    await app[PEOPLE_PAGES].close()
