"""`/site` and the document of this API."""

from blogen.api.route import Route

ROUTES: tuple[Route, ...] = (
    Route("GET", "/site", "site.show", "What this server is and can do", gives="SiteView", ignores_token=True),
    Route(
        "GET", "/docs", "docs.show", "This document as a page to read", ignores_token=True, is_page=True,
    ),
    Route("GET", "/openapi.json", "site.openapi", "This document", ignores_token=True),
)  # fmt: skip
