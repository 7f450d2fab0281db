"""`/studio/new`: ordering a post. What is typed is validated as an order of the API is, and is never lost."""

import asyncio
import re
from datetime import datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from aiohttp import web

from blogen.domain.job import JobRequest
from blogen.domain.mistakes import validated
from blogen.errors import InvalidInput, QueueFull, SourceRefused, StoreUnavailable
from blogen.ids import new_id
from blogen.web.keys import AUTHORS, CONFIG, ENGINE, JOBS, LEDGER, SITE
from blogen.web.people.forms import Words
from blogen.web.people.session import Visitor, see
from blogen.web.studio import order_form
from blogen.web.studio.door import actor, owner, page
from blogen.web.studio.order_form import Upload

MAX_SOURCES: Final = 20
MAX_TEXT_CHARS: Final = 200_000
FILE_TYPES: Final = (".txt", ".md", ".markdown", ".html", ".htm")

_SIMPLE: Final = (
    "topic", "brief", "urls", "author", "language", "words", "images", "review", "publish_at", "offset", "tags",
    "priority",
)  # fmt: skip
_CALLED: Final = {
    "publish_at": "time",
    "words": "number of words",
    "images": "number of pictures",
    "language": "language",
}
_KEY: Final = re.compile(r"[0-9a-f-]{36}")
_WHOLE: Final = re.compile(r"-?\d{1,9}", re.ASCII)
_OFFSET: Final = re.compile(r"[+-]?\d{1,4}", re.ASCII)
_MAX_OFFSET_MINUTES: Final = 14 * 60
_MEDIA_TYPES: Final = {"md": "text/markdown", "markdown": "text/markdown", "html": "text/html", "htm": "text/html"}


class Pasted(NamedTuple):
    """A text as it stands in the form."""

    title: str
    text: str
    wrong: str = ""


class Given(NamedTuple):
    """What a source of the order was in the form: `place` is the field, `nth` its line or number."""

    place: str
    nth: int
    source: dict[str, str]


async def ask(request: web.Request) -> web.Response:
    who = await owner(request)
    site = request.app[SITE].now
    values = Words(
        language=site.language, words="900", images="1", priority="5", topic=request.query.get("topic", "")[:300]
    )
    return await _page(request, who, values, [Pasted("", "")])


async def order(request: web.Request) -> web.Response:
    who = await owner(request)
    sent = await order_form.read(request, who, max_file_bytes=request.app[CONFIG].research.max_source_bytes)
    values = Words({name: sent[name] for name in _SIMPLE})
    texts = [Pasted(title, text) for title, text in zip(sent.all("text_title"), sent.all("text"), strict=False)]
    if sent["act"] == "another":  # without the page's script this is how one more text gets its place
        texts += [Pasted(file.title, file.text) for file in (await _read_files(request, sent.files))[0]]
        return await _page(request, who, values, [*texts, Pasted("", "")], key=sent["key"])
    read, unread = await _read_files(request, sent.files)
    texts = [one for one in texts if one.title.strip() or one.text.strip()]
    given = _given(values["urls"], texts, read)
    wrong = Words()
    try:
        asked = _order(values, [one.source for one in given])
    except InvalidInput as error:
        wrong, texts = _beside(error, given, texts)
    if unread:
        wrong["files"] = " ".join(unread)
    texts += read  # a browser does not fill in files again: what could be read of them stays as text
    if wrong:
        trouble = "Nothing was ordered yet: some of it needs mending. What you typed is all here."
        if read:
            trouble += " The files that could be read stand among the texts."
        return await _page(request, who, values, texts, wrong=wrong, trouble=trouble, key=sent["key"], status=422)
    return await _submit(request, who, asked, sent["key"], values, texts)


async def _submit(
    request: web.Request, who: Visitor, asked: JobRequest, key: str, values: Words, texts: list[Pasted]
) -> web.Response:
    """Order it once, however often the form is sent."""
    once = f"form:{key}" if _KEY.fullmatch(key) else f"form:{new_id()}"
    engine = await asyncio.shield(request.app[ENGINE])
    try:
        job = await engine.submit(asked, by=actor(who), idempotency_key=once)
    except QueueFull as error:
        trouble = f"{error.detail} Nothing was ordered, and nothing that you typed is lost. {error.remedy}"
        response = await _page(request, who, values, texts, trouble=trouble, key=key, status=503)
        response.headers["Retry-After"] = str(error.retry_after_seconds)
        return response
    except InvalidInput as error:
        if await request.app[JOBS].known_by_key(owner=who.person.id, key=once):
            trouble = (
                "This form has ordered a post already, from what stood in it then: it is on the board."
                " Send it again to order another one from what stands here now."
            )
            return await _page(request, who, values, texts, trouble=trouble, status=409)
        wrong = Words(urls=str(error)) if isinstance(error, SourceRefused) else Words()
        trouble = "" if wrong else f"Nothing was ordered. {error}"
        return await _page(request, who, values, texts, wrong=wrong, trouble=trouble, key=key, status=422)
    except StoreUnavailable as error:
        trouble = f"{error.detail} Nothing was ordered, and nothing that you typed is lost. {error.remedy}"
        return await _page(request, who, values, texts, trouble=trouble, key=key, status=503)
    return see(f"/studio/jobs/{job.id}?said=ordered")


async def _page(
    request: web.Request, who: Visitor, values: Words, texts: list[Pasted], *, wrong: Words | None = None,
    trouble: str = "", key: str = "", status: int = 200,
) -> web.Response:  # fmt: skip
    config = request.app[CONFIG]
    return await page(
        request, "new_post.html", who, status=status, values=values, texts=texts or [Pasted("", "")],
        wrong=wrong or Words(), trouble_text=trouble, key=key if _KEY.fullmatch(key) else new_id(),
        authors=await request.app[AUTHORS].list(), default_author=config.site.author, reviews=config.pipeline.review,
        max_sources=MAX_SOURCES, max_chars=MAX_TEXT_CHARS, file_size=_size(config.research.max_source_bytes),
        max_bytes=order_form.MAX_BYTES, file_types=",".join(FILE_TYPES), estimate=await _estimate(request, values),
    )  # fmt: skip


async def _estimate(request: web.Request, values: Words) -> str:
    """What such a post will probably cost; empty where nothing is known yet, or nothing costs."""
    from blogen.domain.money import usd
    from blogen.web.words import cost

    words, images = (int(values[name]) if values[name].isdecimal() else 1 for name in ("words", "images"))
    guess = await request.app[LEDGER].estimate(min(words, 5000), min(images, 6))
    if not guess.posts or not guess.high_usd_micros:
        return ""
    low, high = (cost(usd(micros)) for micros in (guess.low_usd_micros, guess.high_usd_micros))
    more = ", and calls of unknown price" if guess.has_unknown else ""
    return f"Posts of this length have cost {low} to {high} here{more}." if low != high else f"About {low}{more}."


def _order(values: Words, sources: list[dict[str, str]]) -> JobRequest:
    """What the form orders; a field that was left empty is as the API has it. Raises InvalidInput."""
    given: dict[str, Any] = {"topic": values["topic"], "sources": sources}
    for name in ("brief", "author", "language", "words", "images", "priority"):
        if value := values[name].strip():
            given[name] = int(value) if _WHOLE.fullmatch(value) else value
    if values["review"] in {"yes", "no"}:
        given["review"] = values["review"] == "yes"
    if tags := [tag.strip() for tag in re.split(r"[,\n]", values["tags"]) if tag.strip()]:
        given["tags"] = tags
    if values["publish_at"].strip():
        given["publish_at"] = _moment(values["publish_at"].strip(), values["offset"])
    return validated(JobRequest, given)


def _moment(local: str, offset: str) -> str:
    """A browser's local time with its distance from UTC in minutes, as the page's script tells it; else UTC."""
    minutes = int(offset) if _OFFSET.fullmatch(offset.strip()) else 0
    try:
        at = datetime.fromisoformat(local)
        zone = timezone(timedelta(minutes=max(-_MAX_OFFSET_MINUTES, min(minutes, _MAX_OFFSET_MINUTES))))
        return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()
    except ValueError:
        return local


def _given(urls: str, texts: list[Pasted], files: list[Pasted]) -> list[Given]:
    """The order's sources, and where each stands in the form."""
    lines = [(number, line.strip()) for number, line in enumerate(urls.splitlines(), 1) if line.strip()]
    found = [Given("urls", number, {"kind": "url", "url": line}) for number, line in lines]
    for number, one in enumerate([*texts, *files]):
        found.append(Given("texts", number, {"kind": "text", "title": one.title, "text": one.text}))
    return found


def _beside(error: InvalidInput, given: list[Given], texts: list[Pasted]) -> tuple[Words, list[Pasted]]:
    """The mistakes as sentences by field, and the texts with theirs."""
    wrong, texts = Words(), list(texts)
    for path, message in error.errors:
        name, *inside = path.split(".")
        sentence = f"The {_CALLED.get(name, name)} {message}."
        if name == "sources" and inside and inside[0].isdecimal():
            source = given[int(inside[0])]
            if source.place == "urls":
                name, sentence = "urls", f"Line {source.nth} {message}."
            else:
                sentence = f"The {'title' if 'title' in inside[1:] else 'text'} {message}."
                if source.nth < len(texts):
                    texts[source.nth] = texts[source.nth]._replace(wrong=sentence)
                    wrong["texts"] = "One of the texts needs mending."
                    continue
                name, sentence = "files", f"“{source.source['title']}”: {sentence[0].lower()}{sentence[1:]}"
        elif name == "sources":
            sentence = f"A post rests on {MAX_SOURCES} sources at most; here are {len(given)}."
        elif name == "tags" and inside:
            sentence = f"Tag {int(inside[0]) + 1} {message}."
        wrong[name] = f"{wrong[name]} {sentence}".strip()
    return wrong, texts


async def _read_files(request: web.Request, files: list[Upload]) -> tuple[list[Pasted], list[str]]:
    """What can be read in the files, and what is wrong with the others."""
    limit = request.app[CONFIG].research.max_source_bytes
    read: list[Pasted] = []
    wrong: list[str] = []
    for file in files:
        try:
            read.append(await _read_file(file, limit))
        except SourceRefused as error:
            wrong.append(str(error))
    return read, wrong


async def _read_file(file: Upload, limit: int) -> Pasted:
    from blogen.providers.readable import readable

    if len(file.body) > limit:
        raise SourceRefused(f"{file.name} has more than {_size(limit)}.", remedy="Give the part of it that matters.")
    stem, _, suffix = file.name.rpartition(".")
    if file.body.startswith(b"%PDF-"):
        raise SourceRefused(
            f"{file.name} is a PDF, which Blogen does not read.", remedy="Paste its text, or give its address as HTML."
        )
    found = await readable(file.body, _MEDIA_TYPES.get(suffix.lower(), ""), name=file.name)
    if len(found.text) > MAX_TEXT_CHARS:
        raise SourceRefused(
            f"{file.name} has {len(found.text):,} characters; a source may have {MAX_TEXT_CHARS:,}.",
            remedy="Give the part that matters, or split it into several files.",
        )
    return Pasted((found.title or stem or file.name)[:300], found.text)


def _size(count: int) -> str:
    """`10 MB`, `20 kB`."""
    return f"{count / 1_000_000:.3g} MB" if count >= 1_000_000 else f"{count / 1000:.3g} kB"
