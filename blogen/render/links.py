"""Which addresses may stand in a post: http(s), mailto and paths on this blog; nothing else."""

import re
from collections.abc import Collection
from urllib.parse import unquote, urljoin, urlsplit

_LONGEST = 2000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\u00a0\u2028\u2029\s\\<>\"`^{}|]|%[01][0-9A-Fa-f]|%7[fF]")
_MAILTO = re.compile(r"mailto:[^@/?:]+@[^@/?:]+(\?subject=[^&]*)?", re.IGNORECASE)
_DESCRIPTOR = re.compile(r"[1-9]\d{0,4}w|[1-9](\.\d{1,2})?x")
_PLACEHOLDER = re.compile(r"data:image/(?:webp|png|jpeg|avif);base64,[A-Za-z0-9+/]{1,4000}={0,2}")
_POSTS = "/p/"


def safe_href(raw: str, *, own_base_url: str = "") -> str | None:
    """`raw` as it may be linked to, or None. An address under `own_base_url` becomes a path.

    Relative addresses are read as a browser would on a post's page.
    """
    href = raw.strip()
    if own_base_url and (path := _own_path(href, own_base_url)) is not None:
        href = path
    if not href or len(href) > _LONGEST or _UNFIT.search(href):
        return None
    scheme = _SCHEME.match(href)
    match scheme and scheme[0].lower():
        case "http:" | "https:":
            return href if _names_a_host(href) else None
        case "mailto:":
            return href if _MAILTO.fullmatch(href) else None
        case None:
            return _path(href)
        case _:
            return None


def is_outside(href: str) -> bool:
    return not href.startswith("/")


def is_allowed(href: str, allowed: Collection[str]) -> bool:
    """Whether `href` is a path on this blog or, but for its fragment, one of `allowed` (as `comparable` gives them)."""
    return not is_outside(href) or comparable(href) in allowed


def comparable(url: str) -> str:
    """`url` in a form in which two ways to write one address are equal."""
    from markdown_it.common.normalize_url import normalizeLink

    try:
        parts = urlsplit(normalizeLink(url.strip()))
    except ValueError:
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path.rstrip('/')}{query}"


def safe_image_url(url: str) -> str | None:
    """`url` if it is a path on this blog: no page of ours loads a picture from elsewhere."""
    return url if url.startswith("/") and "," not in url and safe_href(url) == url else None


def safe_srcset(srcset: str) -> list[tuple[str, str]]:
    """The (address, descriptor) pairs of `srcset` that may be loaded."""
    pairs = []
    for candidate in srcset.split(","):
        url, _, descriptor = candidate.strip().partition(" ")
        if safe_image_url(url) and _DESCRIPTOR.fullmatch(descriptor.strip()):
            pairs.append((url, descriptor.strip()))
    return pairs


def safe_placeholder(url: str) -> str | None:
    return url if _PLACEHOLDER.fullmatch(url) else None


def _own_path(href: str, own_base_url: str) -> str | None:
    base = own_base_url.rstrip("/")
    if href[: len(base)].lower() != base.lower():
        return None
    rest = href[len(base) :]
    if not rest:
        return "/"
    return rest if rest.startswith("/") else "/" + rest if rest[0] in "?#" else None


def _names_a_host(href: str) -> bool:
    try:
        parts = urlsplit(href)
        return bool(parts.hostname) and parts.username is None and parts.password is None and parts.port != 0
    except ValueError:
        return False


def _path(href: str) -> str | None:
    if href.startswith(("#", "?", "//")) or ":" in unquote(href).partition("/")[0]:
        return None
    try:
        path = urljoin(_POSTS, href)
    except ValueError:
        return None
    return path if path.startswith("/") and not path.startswith("//") else None
