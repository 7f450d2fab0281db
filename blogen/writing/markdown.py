"""Markdown as writers handle it: text made safe to stand in it, and what a model wrote reduced to what may be shown."""

import html
import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

_SPECIAL = re.compile(r"([\\`*\[\]<>|~])|(?<!\w)(_)|(_)(?!\w)|(&)(?=#?\w+;)|(\^)(?=\[)")
_LINE_START = re.compile(r"^(\s*)(#{1,6}(?=\s)|[-+](?=\s)|>|=+$|-+$)|^(\s*\d+)([.)])(?=\s)")


def escape(text: str) -> str:
    """`text` as Markdown that shows exactly these words."""
    text = _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
    return _LINE_START.sub(lambda found: f"{found[1]}\\{found[2]}" if found[2] else f"{found[3]}\\{found[4]}", text)


def link(title: str, url: str | None) -> str:
    """A title, leading to `url` if that is a web address."""
    shown = escape(title)
    if url and _is_web_address(url):
        return f"[{shown}](<{_address(url)}>)"
    return shown


_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"\A.*?</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
_THOUGHT_BEGIN = re.compile(r"<(?:think|thinking|reasoning)>.*\Z", re.DOTALL | re.IGNORECASE)
_WHOLE_FENCE = re.compile(r"\A\s*(`{3,}|~{3,})(?:markdown|md|text)?[ \t]*\n(.*?)\n?\1\s*\Z", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(
    r"(^[ \t]{0,3}(`{3,20}|~{3,20})[^\n]*\n.*?(?:^[ \t]{0,3}\2[`~]*[ \t]*$|\Z))"
    r"|((?<!`)(`{1,3})(?!`)[^`]{1,2000}\4(?!`))",
    re.DOTALL | re.MULTILINE,
)
_RAW = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|iframe|object|svg|math|template)\b.*?(?:</\1\s*>|\Z)|"
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<[?!][^>]*>|</?[A-Za-z][^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.\-]*:[^<>\s]*|[^<>\s@]+@[^<>\s]+)>")
_IMAGE = re.compile(r"!\[([^\[\]]*)\](?:\((?:<[^<>\n]*>|[^()]|\([^()]*\))*\)|\[[^\]\n]*\])?")
_LINK = re.compile(
    r"(?<!\\)\[((?:[^\[\]\\]|\\.|\[\^[^\]]*\])*)\]\(\s*(<[^<>\n]*>|(?:[^\s()<>]|\([^\s()]*\))*)(\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
)
_REFERENCE = re.compile(r"(?<!\\)\[((?:[^\[\]\\]|\\.)+)\]\[[^\]\n]*\]")
_DEFINITION = re.compile(r"^[ \t]{0,3}\[(?!\^)[^\]\n]+\]:[^\n]*(?:\n[ \t]+[\"'(][^\n]*)?$", re.MULTILINE)
_BARE_ADDRESS = re.compile(
    r"(?<!\]\()(?<!\w)(?:https?|ftp)://[^\s<>\[\]]+|(?<!\]\()(?<![\w/.@])www\.[^\s<>\[\]]+", re.IGNORECASE
)
_HEADING = re.compile(r"^[ \t]{0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_UNDERLINED = re.compile(r"^([^\n>\-#|`][^\n]*)\n[ \t]{0,3}(?:=+|-{2,})[ \t]*$", re.MULTILINE)
_NOTE_INLINE = re.compile(r"(?<!\\)\^\[")


def without_thoughts(text: str) -> str:
    """An answer without what a reasoning model left of its thinking."""
    text = _THOUGHT.sub("", text)
    text = _THOUGHT_END.sub("", text)
    return _THOUGHT_BEGIN.sub("", text).strip()


def from_model(text: str, *, addresses: Collection[str], heading: str = "") -> str:
    """Markdown that a model wrote, reduced to prose: no raw HTML, no images, no links but to `addresses` and to paths
    on this blog, sub-headings from level three on, and not the section's own heading again."""
    text = without_thoughts(text.replace("\r\n", "\n"))
    if whole := _WHOLE_FENCE.match(text):
        text = whole[2]
    known = {comparable: address for address in addresses if (comparable := _comparable(address))}
    pieces: list[str] = []
    last = 0
    for code in _CODE.finditer(text):
        pieces += [_tamed(text[last : code.start()], known), code[0]]
        last = code.end()
    pieces.append(_tamed(text[last:], known))
    return _headings("".join(pieces).strip(), heading)


def _tamed(text: str, known: dict[str, str]) -> str:
    text = _DEFINITION.sub("", text)
    # What a removal leaves can be a tag again: `<scr<b>ipt>`.
    for _ in range(8):
        after = _RAW.sub("", _AUTOLINK.sub(lambda found: _autolink(found[1], known), text))
        if after == text:
            break
        text = after
    text = re.sub(r"<(?=[A-Za-z/!?])", r"\\<", text)
    for _ in range(8):
        after = _IMAGE.sub(r"\1", text)
        if after == text:
            break
        text = after
    text = _REFERENCE.sub(lambda found: found[0] if found[1].startswith("^") else found[1], text)
    text = _LINK.sub(lambda found: _linked(found[1], found[2], known), text)
    text = _NOTE_INLINE.sub(r"\\^[", text)
    return _BARE_ADDRESS.sub(lambda found: _bare(found[0], known), text)


def _autolink(address: str, known: dict[str, str]) -> str:
    found = known.get(_comparable(address))
    return f"[{escape(_shown(found))}](<{_address(found)}>)" if found else escape(_shown(address))


def _linked(shown: str, target: str, known: dict[str, str]) -> str:
    if shown.startswith("^"):
        return f"[{shown}]"
    address = html.unescape(target.strip().removeprefix("<").removesuffix(">"))
    if found := known.get(_comparable(address)):
        return f"[{shown}](<{_address(found)}>)"
    if address.startswith("/") and not address.startswith(("//", "/\\")) and re.fullmatch(r"/[\w\-./%?=#~]*", address):
        return f"[{shown}]({address})"
    return shown


def _bare(found: str, known: dict[str, str]) -> str:
    address = found.rstrip(".,;:!?)'\"”»")
    rest = found[len(address) :]
    if match := known.get(_comparable(address)):
        return f"[{escape(_shown(match))}](<{_address(match)}>){rest}"
    return f"{escape(_shown(address))}{rest}"


def _shown(address: str) -> str:
    """An address as words: without what makes it a link."""
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.\-]*:/*", "", address).removeprefix("www.").rstrip("/").partition("?")[0]


def _headings(text: str, own: str) -> str:
    text = _UNDERLINED.sub(r"### \1", text) if not _CODE.search(text) else text
    pieces: list[str] = []
    last = 0
    for code in _CODE.finditer(text):
        pieces += [_lowered(text[last : code.start()], own), code[0]]
        last = code.end()
    pieces.append(_lowered(text[last:], own))
    return re.sub(r"\n{3,}", "\n\n", "".join(pieces)).strip()


def _lowered(text: str, own: str) -> str:
    def lowered(found: re.Match[str]) -> str:
        words = found[2].strip("*_ ")
        if not words or words.casefold() == own.strip().casefold():
            return ""
        return f"{'#' * max(3, len(found[1]))} {words}"

    return _HEADING.sub(lowered, text)


def _comparable(address: str) -> str:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return address
    if parts.scheme.lower() not in {"http", "https"} or not parts.netloc:
        return ""
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{parts.query}"


def _is_web_address(url: str) -> bool:
    return bool(_comparable(url))


def _address(url: str) -> str:
    """`url` for the angle brackets of a link: nothing in it can end them."""
    return re.sub(r"[\s<>\\\x00-\x1f]", lambda found: quote(found[0]), url)
