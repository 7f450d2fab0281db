"""What must never be in HTML of ours, found by walking the parsed tree."""

import re

import lxml.html

TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "img",
    "li", "ol", "p", "pre", "section", "span", "strong", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "alt", "aria-label", "aria-labelledby", "cite", "class", "data-language", "data-placeholder", "decoding",
    "height", "href", "id", "loading", "rel", "role", "scope", "sizes", "src", "srcset", "start", "tabindex",
    "value", "width",
}  # fmt: skip
ADDRESS = re.compile(r"https?://[^\s@/?#]+([/?#]\S*)?|mailto:[^\s]+|/(?!/)[^\s\\]*|#[A-Za-z0-9_-]+")


def dangers(html: str) -> list[str]:
    """Every element, attribute and address in `html` that may not be there."""
    found = []
    for element in lxml.html.fragment_fromstring(html, create_parent="main").iterdescendants():
        if not isinstance(element.tag, str) or element.tag not in TAGS:
            found.append(f"<{element.tag}>")
            continue
        for name, value in element.attrib.items():
            if name not in ATTRIBUTES:
                found.append(f"{element.tag} {name}={value}")
            if name in {"href", "src", "cite"} and not ADDRESS.fullmatch(value):
                found.append(f"{element.tag} {name}={value}")
            if name == "src" and not value.startswith("/"):
                found.append(f"remote picture {value}")
            if name == "srcset" and any(not part.strip().startswith("/media/") for part in value.split(",")):
                found.append(f"remote picture {value}")
            if name == "data-placeholder" and not re.fullmatch(r"data:image/\w+;base64,[\w+/=]+", value):
                found.append(f"placeholder {value}")
        if element.tag == "a" and re.match("https?:", element.get("href", "")):
            missing = {"noopener", "nofollow", "ugc"} - set(element.get("rel", "").split())
            found += [f"outside link without {sorted(missing)}"] if missing else []
    return found
