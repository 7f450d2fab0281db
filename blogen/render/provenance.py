"""How a post says what made it: to people in words, to machines in marks. All of it follows from the workflow."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from blogen.domain.post_summary import Picture, PostSource, PostSummary, Provenance

Disclosure = Literal["ai-assisted", "ai-autonomous", "none"]

_IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SCHEMA: Final = "https://schema.org/"
_TRAINED, _MIXED, _DRAWN = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia"
_WITHOUT_MODEL: Final = re.compile(r"\b(extractive|covers)\b")
"""Makers that follow fixed rules: nothing in them was trained."""

_WORDS: Final[dict[str, dict[tuple[str, bool], str]]] = {
    "en": {
        ("ai-autonomous", True): "Written by AI. No person reviewed it before publication.",
        ("ai-assisted", True): "Written by AI and reviewed by a person before publication.",
        ("ai-autonomous", False): "Compiled automatically from its sources. No person reviewed it before publication.",
        ("ai-assisted", False): "Compiled automatically from its sources and reviewed by a person before publication.",
        ("none", False): "Written by a person.",
    },
    "de": {
        ("ai-autonomous", True): "Von KI geschrieben. Vor der Veröffentlichung hat es kein Mensch geprüft.",
        ("ai-assisted", True): "Von KI geschrieben und vor der Veröffentlichung von einem Menschen geprüft.",
        ("ai-autonomous", False): (
            "Automatisch aus den Quellen zusammengestellt. Vor der Veröffentlichung hat es kein Mensch geprüft."
        ),
        ("ai-assisted", False): (
            "Automatisch aus den Quellen zusammengestellt und vor der Veröffentlichung von einem Menschen geprüft."
        ),
        ("none", False): "Von einem Menschen geschrieben.",
    },
    "fr": {
        ("ai-autonomous", True): "Écrit par une IA. Personne ne l’a relu avant la publication.",
        ("ai-assisted", True): "Écrit par une IA et relu par une personne avant la publication.",
        ("ai-autonomous", False): (
            "Composé automatiquement à partir des sources. Personne ne l’a relu avant la publication."
        ),
        ("ai-assisted", False): (
            "Composé automatiquement à partir des sources et relu par une personne avant la publication."
        ),
        ("none", False): "Écrit par une personne.",
    },
    "es": {
        ("ai-autonomous", True): "Escrito por IA. Ninguna persona lo revisó antes de publicarlo.",
        ("ai-assisted", True): "Escrito por IA y revisado por una persona antes de publicarlo.",
        ("ai-autonomous", False): (
            "Compuesto automáticamente a partir de sus fuentes. Ninguna persona lo revisó antes de publicarlo."
        ),
        ("ai-assisted", False): (
            "Compuesto automáticamente a partir de sus fuentes y revisado por una persona antes de publicarlo."
        ),
        ("none", False): "Escrito por una persona.",
    },
    "it": {
        ("ai-autonomous", True): "Scritto dall’IA. Nessuna persona lo ha controllato prima della pubblicazione.",
        ("ai-assisted", True): "Scritto dall’IA e controllato da una persona prima della pubblicazione.",
        ("ai-autonomous", False): (
            "Composto automaticamente dalle fonti. Nessuna persona lo ha controllato prima della pubblicazione."
        ),
        ("ai-assisted", False): (
            "Composto automaticamente dalle fonti e controllato da una persona prima della pubblicazione."
        ),
        ("none", False): "Scritto da una persona.",
    },
    "nl": {
        ("ai-autonomous", True): "Geschreven door AI. Geen mens heeft het vóór publicatie nagekeken.",
        ("ai-assisted", True): "Geschreven door AI en vóór publicatie door een mens nagekeken.",
        ("ai-autonomous", False): (
            "Automatisch samengesteld uit de bronnen. Geen mens heeft het vóór publicatie nagekeken."
        ),
        ("ai-assisted", False): "Automatisch samengesteld uit de bronnen en vóór publicatie door een mens nagekeken.",
        ("none", False): "Geschreven door een mens.",
    },
    "pt": {
        ("ai-autonomous", True): "Escrito por IA. Nenhuma pessoa o reviu antes da publicação.",
        ("ai-assisted", True): "Escrito por IA e revisto por uma pessoa antes da publicação.",
        ("ai-autonomous", False): (
            "Composto automaticamente a partir das fontes. Nenhuma pessoa o reviu antes da publicação."
        ),
        ("ai-assisted", False): (
            "Composto automaticamente a partir das fontes e revisto por uma pessoa antes da publicação."
        ),
        ("none", False): "Escrito por uma pessoa.",
    },
}


def disclosure(reviewed_by_person: bool, wrote_with_ai: bool) -> Disclosure:
    """What the workflow discloses. `wrote_with_ai` is true for every writer that is no person, also for the
    extractive one, which has no model: it is just as automatic."""
    if not wrote_with_ai:
        return "none"
    return "ai-assisted" if reviewed_by_person else "ai-autonomous"


def byline(provenance: Provenance, language: str = "en") -> str:
    """How the post was made, in one or two sentences; English where we have no words of the language."""
    words = _WORDS.get(language.lower().partition("-")[0], _WORDS["en"])
    by_model = provenance.disclosure != "none" and not _is_without_model(provenance.text)
    return words[provenance.disclosure, by_model]


def digital_source_type(provenance: Provenance) -> str | None:
    """The IPTC term for the text as a URI; None for what a person wrote."""
    term = _text_term(provenance)
    return _IPTC + term if term else None


def meta_tags(post: PostSummary) -> list[tuple[str, str]]:
    """(name, content) pairs for `<meta>`; not escaped."""
    provenance = post.provenance
    tags = [
        ("description", post.summary),
        ("author", post.author.name),
        ("generator", "Blogen"),
        ("ai-disclosure", provenance.disclosure),
        ("digital-source-type", digital_source_type(provenance) or ""),
        ("ai-model", ", ".join(provenance.text) if provenance.disclosure != "none" else ""),
    ]
    return [(name, content) for name, content in tags if content]


def json_ld(
    post: PostSummary, base_url: str, *, publisher: Mapping[str, Any] | None = None, preview: str = ""
) -> dict[str, Any]:
    """The post as schema.org's BlogPosting. `preview` is the address of its card, 1200 × 630."""
    base = base_url.rstrip("/")
    url = _absolute(post.url, base)
    term = _text_term(post.provenance)
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "@id": url,
        "url": url,
        "mainEntityOfPage": url,
        "headline": post.title,
        "description": post.summary,
        "inLanguage": post.language,
        "wordCount": post.words,
        "timeRequired": f"PT{post.reading_minutes}M",
        "keywords": post.tags,
        "datePublished": _time(post.published_at),
        "dateModified": _time(post.updated_at),
        "creativeWorkStatus": "Published",
        "creditText": byline(post.provenance, post.language),
        "author": _author(post, base),
        "isAccessibleForFree": True,
    }
    if term:
        found["digitalSourceType"] = _schema_term(term)
        found["creator"] = _makers(post.provenance.text)
    if publisher:
        found["publisher"] = publisher
        found["isPartOf"] = {"@type": "Blog", "name": publisher["name"], "url": publisher["url"]}
    images = [_image(picture, base) for picture in _pictures(post)]
    if preview:
        found["thumbnailUrl"] = preview
        images.append({"@type": "ImageObject", "url": preview, "width": 1200, "height": 630, "caption": post.title})
    if images:
        found["image"] = images
    if based := [source.url for source in post.sources if source.url]:
        found["isBasedOn"] = based
    if cited := [_citation(source) for source in post.sources]:
        found["citation"] = cited
    return found


def script_text(thing: object) -> str:
    """JSON that may stand in a `<script>`: no word in it can end the element or begin another."""
    text = json.dumps(thing, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def is_by_model(maker: str) -> bool:
    """Whether what drew or wrote was trained; unknown makers are not said to have been."""
    return bool(maker) and not _is_without_model([maker])


def _text_term(provenance: Provenance) -> str | None:
    if provenance.disclosure == "none":
        return None
    if _is_without_model(provenance.text):
        return _DRAWN
    return _MIXED if provenance.human_edits else _TRAINED


def _is_without_model(makers: Sequence[str]) -> bool:
    return bool(makers) and all(_WITHOUT_MODEL.search(maker) for maker in makers)


def _schema_term(term: str) -> str:
    return f"{_SCHEMA}{term[0].upper()}{term[1:]}DigitalSource"


def _author(post: PostSummary, base: str) -> dict[str, Any]:
    author: dict[str, Any] = {"name": post.author.name, "url": f"{base}/authors/{post.author.handle}"}
    if post.provenance.disclosure == "none":
        return {"@type": "Person", **author}
    # A persona is no person, and schema.org knows nothing in between.
    return {"@type": "Organization", "description": "A persona that signs texts written by software.", **author}


def _makers(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"@type": "SoftwareApplication", "name": name} for name in names or ["Blogen"]]


def _pictures(post: PostSummary) -> list[Picture]:
    found = {picture.url: picture for picture in [*([post.cover] if post.cover else []), *post.images]}
    return list(found.values())


def _image(picture: Picture, base: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "ImageObject",
        "url": _absolute(picture.url, base),
        "width": picture.width,
        "height": picture.height,
        "caption": picture.alt,
    }
    if picture.made_by:
        term = _DRAWN if _is_without_model([picture.made_by]) else _TRAINED
        found["digitalSourceType"] = _schema_term(term)
        found["creator"] = _makers([picture.made_by])
    return found


def _citation(source: PostSource) -> dict[str, Any]:
    return {"@type": "CreativeWork", "name": source.title, **({"url": source.url} if source.url else {})}


def _absolute(url: str, base: str) -> str:
    return base + url if url.startswith("/") else url


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
