"""Every page that Blogen serves to people, in one list: whoever adds a page adds its line, and it is looked at."""

from typing import Final, NamedTuple

from tests.site.filled import ANN, NOBODY, OWNER, POST, STATES, Filled, address


class Page(NamedTuple):
    """`path` may name places of `Filled.places` in braces."""

    name: str
    path: str
    who: str = NOBODY
    status: int = 200
    is_young: bool = False
    """Whether it is one of `Filled.young`."""

    def address(self, site: Filled) -> str:
        """For a browser."""
        blogen = site.young if self.is_young else site.blogen
        assert blogen is not None
        return address(blogen) + self.path.format_map(site.places)


READER: Final = (
    Page("home", "/"),
    Page("post", f"/p/{POST}"),
    Page("post-chinese", "/p/post-5"),
    Page("post-arabic", "/p/post-7"),
    Page("receipt", f"/p/{POST}/receipt"),
    Page("tag", "/tags/sea"),
    Page("author", "/authors/blogen"),
    Page("archive", "/archive"),
    Page("search", "/search"),
    Page("search-found", "/search?q=the+disk"),
    Page("search-nothing", "/search?q=zzzqq"),
    Page("not-found", "/p/nothing-here", status=404),
    Page("search-within", "/search?q=the&tag=sea"),
    Page("series", "/series/waiting-in-line"),
    Page("gone", "/p/gone", status=410),
    Page("thread", f"/p/{POST}/comments/{{comment}}"),
    Page("home-signed-in", "/", ANN),
    Page("home-following", "/?feed=following", ANN),
    Page("home-for-you", "/?feed=for-you", ANN),
    Page("post-signed-in", f"/p/{POST}", ANN),
    Page("post-of-the-owner", f"/p/{POST}", OWNER),
    Page("first-post", "/p/{first}", is_young=True),
    Page("young-home", "/", is_young=True),
)
SOCIAL: Final = (
    Page("report-post", f"/p/{POST}/report", ANN),
    Page("report-comment", "/comments/{answer}/report", ANN),
    Page("reply", "/comments/{answer}/reply", ANN),
    Page("change-comment", "/comments/{comment}/edit", ANN),
    Page("notifications", "/notifications", ANN),
    Page("bookmarks", "/bookmarks", ANN),
    Page("history", "/history", ANN),
    Page("hidden", "/me/hidden", ANN),
)
PEOPLE: Final = (
    Page("login", "/login"),
    Page("register", "/register"),
    Page("forgotten", "/reset"),
    Page("reset", "/reset/{reset}"),
    Page("me", "/me", ANN),
    Page("me-of-the-owner", "/me", OWNER),
)
STUDIO: Final = (
    Page("studio-refused", "/studio", ANN, 403),
    Page("studio", "/studio", OWNER),
    Page("set-up", "/studio/set-up/{set_up}", is_young=True),
    Page("studio-jobs", "/studio/jobs", OWNER),
    *(Page(f"studio-job-{state.replace('_', '-')}", f"/studio/jobs/{{{state}}}", OWNER) for state in STATES),
    Page("studio-new", "/studio/new", OWNER),
    Page("studio-moderation", "/studio/moderation", OWNER),
    Page("studio-reports", "/studio/moderation/reports", OWNER),
    Page("studio-removed", "/studio/moderation/removed", OWNER),
    Page("studio-words", "/studio/moderation/words", OWNER),
    Page("studio-log", "/studio/moderation/log", OWNER),
    Page("studio-authors", "/studio/authors", OWNER),
    Page("studio-author", "/studio/authors/blogen", OWNER),
    Page("studio-providers", "/studio/providers", OWNER),
    Page("studio-settings", "/studio/settings", OWNER),
    Page("studio-posts", "/studio/posts", OWNER),
    Page("studio-edit", f"/studio/posts/{POST}", OWNER),
    Page("studio-delete", f"/studio/posts/{POST}/delete", OWNER),
    Page("studio-versions", "/studio/posts/post-3/versions", OWNER),
    Page("studio-version", "/studio/posts/post-3/versions/2", OWNER),
)
PAGES: Final = (*READER, *SOCIAL, *PEOPLE, *STUDIO)

NO_PAGES: Final = {
    "/newest.json", "/p/{slug}.md", "/oembed", "/llms.txt", "/.well-known/security.txt", "/sitemap.xml", "/robots.txt",
    "/manifest.webmanifest", "/media/{name}", "/me/data.json", "/static/{name}", "/theme.css", "/favicon.ico",
    "/healthz", "/readyz",
    # What open pages ask for:
    "/p/{slug}/talk", "/studio/events", "/studio/jobs/{id}/events", "/studio/settings/preview.css",
    "/studio/settings/preview.json",
    # What leads on:
    "/comments/{id}", "/notifications/{id}",
    # The app, which tests/e2e/test_app*.py look at:
    "/app", "/app/{path:.*}",
}  # fmt: skip
"""Addresses that answer with something else; feeds, parts of sitemaps and cards are known by their ends."""
