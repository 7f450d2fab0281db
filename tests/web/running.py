"""What in a whole page would run, or load from elsewhere, found by walking the parsed tree."""

import re

import lxml.html


def running(text: str) -> list[str]:
    """What in a page would run, or load from elsewhere."""
    found = []
    for element in lxml.html.document_fromstring(text).iter():
        if not isinstance(element.tag, str):
            continue
        has = element.attrib
        found += [f"{element.tag} {name}" for name in has if name.startswith("on") or name in {"style", "srcdoc"}]
        addresses = [has[name] for name in ("src", "href", "action", "formaction") if name in has]
        found += [
            one for one in addresses if re.match(r"\s*(javascript|vbscript|data:(?!image/)|//)", one, re.IGNORECASE)
        ]
        if element.tag in {"iframe", "object", "embed", "base"} or (element.tag == "script" and element.text):
            found.append(element.tag)
    return found
