"""Every page that Blogen serves to people, in one list: whoever adds a page adds its line, and it is looked at."""

from typing import Final, NamedTuple

from tests.site.filled import ANN, NOBODY, OWNER, POST, Filled


class Page(NamedTuple):
    """`path` may name places of `Filled.places` in braces."""

    name: str
    path: str
    who: str = NOBODY
    status: int = 200

    def address(self, site: Filled) -> str:
        return self.path.format_map(site.places)


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
    Page("home-signed-in", "/", ANN),
    Page("post-signed-in", f"/p/{POST}", ANN),
    Page("post-of-the-owner", f"/p/{POST}", OWNER),
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
)
PAGES: Final = (*READER, *PEOPLE, *STUDIO)
