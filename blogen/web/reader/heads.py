"""What a page's head tells machines: the globals that the templates in `templates/reader/head/` call.

Every address in it is absolute. JSON-LD is escaped so that nothing in a post can end its element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from blogen.render.provenance import digital_source_type, json_ld, script_text
from blogen.web import assets
from blogen.web.reader.cards import card_of, post_card_path, site_card, site_card_path
from blogen.web.words import urlpart

if TYPE_CHECKING:
    from markupsafe import Markup

    from blogen.config import SiteConfig
    from blogen.domain.post_summary import PostSummary
    from blogen.domain.theme import Logo


class Preview(NamedTuple):
    """The picture of a link, as `og:image` names it."""

    url: str
    alt: str
    width: int = 1200
    height: int = 630


def post_preview(post: PostSummary, site: SiteConfig, base_url: str) -> Preview:
    card = card_of(post, site)
    return Preview(base_url + post_card_path(post.slug, card), card.alt)


def site_preview(site: SiteConfig, base_url: str) -> Preview:
    card = site_card(site)
    return Preview(base_url + site_card_path(card), card.alt)


def post_data(post: PostSummary, site: SiteConfig, base_url: str, logo: Logo | None) -> Markup:
    """JSON-LD of a post's page: the post, and the way to it."""
    preview = post_preview(post, site, base_url)
    posting = json_ld(post, base_url, publisher=_publisher(site, base_url, logo), preview=preview.url)
    steps = [(site.title, "/")]
    if post.tags:
        steps.append((post.tags[0], f"/tags/{urlpart(post.tags[0])}"))
    return _script([posting, _crumbs([*steps, (post.title, post.url)], base_url)])


def home_data(site: SiteConfig, base_url: str, logo: Logo | None) -> Markup:
    """JSON-LD of the front page: the site, and how it is searched."""
    found: dict[str, Any] = {
        "@type": "WebSite",
        "@id": f"{base_url}/#site",
        "url": f"{base_url}/",
        "name": site.title,
        "description": site.description,
        "inLanguage": site.language,
        "publisher": _publisher(site, base_url, logo),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": f"{base_url}/search?q={{search_term_string}}"},
            "query-input": "required name=search_term_string",
        },
    }
    if site.tagline:
        found["alternateName"] = site.tagline
    return _script([found])


def list_data(name: str, path: str, site: SiteConfig, base_url: str, logo: Logo | None) -> Markup:
    """JSON-LD of a page that lists posts."""
    page = {
        "@type": "CollectionPage",
        "@id": base_url + path,
        "url": base_url + path,
        "name": name,
        "publisher": _publisher(site, base_url, logo),
        "isPartOf": {"@type": "WebSite", "@id": f"{base_url}/#site", "name": site.title, "url": f"{base_url}/"},
    }
    return _script([page, _crumbs([(site.title, "/"), (name, path)], base_url)])


def _crumbs(steps: list[tuple[str, str]], base_url: str) -> Mapping[str, Any]:
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": base_url + path}
            for number, (name, path) in enumerate(steps, 1)
        ],
    }


def _publisher(site: SiteConfig, base_url: str, logo: Logo | None) -> Mapping[str, Any]:
    path, width, height = assets.address("icon-512.png"), 512, 512
    if logo is not None:
        path, width, height = f"/media/{logo.name}", logo.width, logo.height
    picture = {"@type": "ImageObject", "url": base_url + path, "width": width, "height": height}
    return {"@type": "Organization", "name": site.title, "url": f"{base_url}/", "logo": picture}


def _script(things: list[Mapping[str, Any]]) -> Markup:
    from markupsafe import Markup

    text = script_text({"@context": "https://schema.org", "@graph": things})
    return Markup(f'<script type="application/ld+json">{text}</script>')  # noqa: S704 — script_text escapes


GLOBALS = {
    "digital_source_type": digital_source_type,
    "home_data": home_data,
    "list_data": list_data,
    "post_data": post_data,
    "post_preview": post_preview,
    "site_preview": site_preview,
}
