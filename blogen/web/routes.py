"""The reader's and people's addresses, in two tables. Handlers are named, not imported: who asks for one loads it."""

from aiohttp import hdrs, web

from blogen.later import Routes, handler
from blogen.web.keys import BUS, CONFIG, PAGES
from blogen.web.middleware import add_headers, friendly_errors
from blogen.web.own_templates import OWN_TEMPLATES, OwnTemplates, watch
from blogen.web.pages import Pages
from blogen.web.people.state import PEOPLE_PAGES, PeoplePages
from blogen.web.reader.cards import CARDS, add_cards
from blogen.web.studio.live import LIVE, Live
from blogen.web.studio.live import close as close_live


def add_reader(app: web.Application) -> None:
    """Add the public site to `app`, which has the keys of `keys.py` set."""
    app[PAGES] = Pages(app[BUS])
    app[PEOPLE_PAGES] = PeoplePages()
    app[LIVE] = Live(app[BUS])
    app[OWN_TEMPLATES] = OwnTemplates(app[CONFIG].data.dir / "templates" / "reader")
    app.cleanup_ctx.append(watch)
    add_cards(app)
    app.middlewares.append(friendly_errors)
    app.on_response_prepare.append(add_headers)
    app.on_response_prepare.append(_settle)
    app.on_shutdown.append(close_live)
    app.on_cleanup.append(_close_pages)
    routes = Routes(app.router)
    for method, addresses in ((hdrs.METH_GET, GET), (hdrs.METH_POST, POST)):
        for path, name in addresses.items():
            routes.add(method, path, handler(f"blogen.web.{name}"))


async def _settle(request: web.Request, _response: web.StreamResponse) -> None:
    """Whoever changes something hears of it once the pages that show it are made anew: they wait, not the readers."""
    if request.method not in _SAFE:
        await request.config_dict[PAGES].settled()


_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})

GET = {
    "/": "reader.home.home",
    "/newest.json": "reader.home.newest",
    "/archive": "reader.home.archive",
    "/p/{slug}.md": "reader.plain.markdown",
    "/p/{slug}": "reader.post.post",
    "/p/{slug}/receipt": "reader.post.receipt",
    "/tags/{tag}": "reader.tags.tag",
    "/authors/{handle}": "reader.authors.author",
    "/series/{slug}": "reader.series.series",
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
    "/cards/{slug:[^/]+}-{digest:[0-9a-f]{12}}.png": "reader.cards.of_post",
    "/cards/{digest:[0-9a-f]{12}}.png": "reader.cards.of_site",
    "/oembed": "reader.oembed.oembed",
    "/llms.txt": "reader.plain.llms",
    "/.well-known/security.txt": "reader.well_known.security",
    "/sitemap.xml": "reader.site.sitemap",
    "/sitemap-{part:[1-9][0-9]{0,3}}.xml": "reader.site.sitemap_part",
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
    "/studio/events": "studio.board.events",
    "/studio/jobs": "studio.board.jobs",
    "/studio/jobs/{id}": "studio.job.job",
    "/studio/jobs/{id}/events": "studio.job.events",
    "/studio/new": "studio.new_post.ask",
    "/studio/set-up/{ticket}": "studio.set_up.ask",
    "/studio/providers": "studio.providers.providers",
    "/studio/settings": "studio.settings.settings",
    "/studio/settings/preview.css": "studio.settings.preview_sheet",
    "/studio/settings/preview.json": "studio.settings.preview_notes",
    "/studio/authors": "studio.authors.authors",
    "/studio/authors/{handle}": "studio.authors.author",
    "/studio/posts": "studio.posts.posts",
    "/studio/posts/{slug}": "studio.edit.edit",
    "/studio/posts/{slug}/delete": "studio.posts.ask_to_delete",
    "/studio/posts/{slug}/versions": "studio.versions.versions",
    "/studio/posts/{slug}/versions/{number}": "studio.versions.version",
    "/studio/moderation": "studio.moderation.held",
    "/studio/moderation/reports": "studio.moderation.reports",
    "/studio/moderation/removed": "studio.moderation.removed",
    "/studio/moderation/words": "studio.moderation.words",
    "/studio/moderation/log": "studio.moderation.log",
    "/p/{slug}/talk": "social.talk.live",
    "/p/{slug}/report": "social.reports.reporting_post",
    "/p/{slug}/comments/{id}": "social.comments.thread",
    "/comments/{id}": "social.comments.place",
    "/comments/{id}/reply": "social.comments.writing",
    "/comments/{id}/edit": "social.comments.changing",
    "/comments/{id}/report": "social.reports.reporting_comment",
    "/notifications": "social.notifications.notifications",
    "/notifications/{id}": "social.notifications.go",
    "/bookmarks": "social.keeping.bookmarks",
    "/history": "social.keeping.history",
    "/me/hidden": "social.hidden.hidden",
    "/app": "phone.to_app",
    "/app/{path:.*}": "phone.app",
    "/static/{name}": "assets.static",
    "/theme.css": "theme.stylesheet",
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
    "/studio/set-up/{ticket}": "studio.set_up.start",
    "/studio/providers/{trade}/{name}/test": "studio.providers.test",
    "/studio/settings/name": "studio.settings.save_name",
    "/studio/settings/look": "studio.settings.save_look",
    "/studio/settings/logo": "studio.settings.save_logo",
    "/studio/authors": "studio.authors.make",
    "/studio/authors/{handle}": "studio.authors.save",
    "/studio/authors/{handle}/picture": "studio.authors.save_picture",
    "/studio/posts/{slug}": "studio.edit.save",
    "/studio/posts/{slug}/preview": "studio.edit.preview",
    "/studio/posts/{slug}/feature": "studio.posts.feature",
    "/studio/posts/{slug}/series": "studio.posts.place",
    "/studio/posts/{slug}/delete": "studio.posts.delete",
    "/studio/posts/{slug}/versions/{number}/restore": "studio.versions.restore",
    "/studio/moderation/comments": "studio.moderation.decide",
    "/studio/moderation/reports/{id}": "studio.moderation.answer_report",
    "/studio/moderation/words": "studio.moderation.change_words",
    "/studio/moderation/undo": "studio.moderation.undo",
    "/studio/set-up/{ticket}/passkey/options": "studio.set_up.passkey_options",
    "/studio/set-up/{ticket}/passkey": "studio.set_up.passkey",
    "/p/{slug}/like": "social.acts.like",
    "/p/{slug}/bookmark": "social.acts.bookmark",
    "/p/{slug}/progress": "social.acts.progress",
    "/p/{slug}/forget": "social.acts.forget",
    "/p/{slug}/report": "social.reports.report_post",
    "/p/{slug}/comments": "social.comments.write",
    "/comments/{id}/edit": "social.comments.change",
    "/comments/{id}/delete": "social.comments.delete",
    "/comments/{id}/report": "social.reports.report_comment",
    "/authors/{handle}/follow": "social.acts.follow_author",
    "/tags/{tag}/follow": "social.acts.follow_tag",
    "/people/{handle}/mute": "social.acts.mute",
    "/people/{handle}/block": "social.acts.block",
    "/notifications/read": "social.notifications.mark_read",
    "/me/hidden": "social.hidden.hide",
    "/me/reading": "social.hidden.choose",
    "/studio/new": "studio.new_post.order",
    "/studio/jobs/{id}/{act}": "studio.job_acts.act",
    "/passkeys/options": "people.passkeys.adding",
    "/passkeys": "people.passkeys.add",
    "/passkeys/sign-in/options": "people.passkeys.signing_in",
    "/passkeys/sign-in": "people.passkeys.use",
}


async def _close_pages(app: web.Application) -> None:
    await app[PAGES].close()
    await app[CARDS].close()
    await app[PEOPLE_PAGES].close()
