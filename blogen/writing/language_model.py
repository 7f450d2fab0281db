"""A writer that asks a language model: queries, outline, each section, a critic's reading, one revision, title, images.

Every question goes through `Ask` under a name that is unique in the job: `queries/ask`, `outline/ask`, `draft:KEY/ask`,
`edit/critic`, `edit/revise:KEY`, `edit/title`, `illustrations/ask`, `reword:KEY/ask`, and beside each a `…repair` for
an answer that has not its shape. What the model writes is not trusted: its Markdown is reduced to prose, its markers
and quotations are checked against the sources, and keys, slugs and tags are made legal here.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from anyio import to_thread

from blogen.domain.slugs import slugify
from blogen.domain.source import Passage, Research, Source
from blogen.domain.writing import (
    Brief,
    Edited,
    Illustration,
    Illustrations,
    Outline,
    OutlineSection,
    Queries,
    Section,
)
from blogen.errors import AnswerUnusable
from blogen.providers.protocols import TextAnswer, TextRequest
from blogen.together import together
from blogen.writing.answers import (
    Answer,
    CritiqueAnswer,
    Malformed,
    OutlineAnswer,
    Picture,
    PicturesAnswer,
    QueriesAnswer,
    TitleAnswer,
    read,
    schema_of,
)
from blogen.writing.citations import Checked, check, quotes_what_nobody_wrote
from blogen.writing.digest import KEY_POINTS, OPENING
from blogen.writing.markdown import from_model, without_thoughts
from blogen.writing.passages import pick
from blogen.writing.prompts import Prompts, fenced
from blogen.writing.querying import MOST_QUERIES, searchable
from blogen.writing.words import base_language, count_words
from blogen.writing.writer import Ask

T = TypeVar("T", bound=Answer)


class _Step(NamedTuple):
    """A question's name in the job, that of its repetition, and what it is for."""

    name: str
    repair: str
    purpose: str


_REMEDY = "Retry the job, or give it a more capable model in its section [text.NAME]."
_MOST_SECTIONS = 12


class LanguageModelWriter:
    """`context_tokens` is how much of the sources a question may carry, as far as that can be told beforehand."""

    notice = ""

    def __init__(self, ask: Ask, prompts: Prompts, *, context_tokens: int = 6000) -> None:
        self._ask = ask
        self._prompts = prompts
        self._context_tokens = context_tokens

    async def queries(self, brief: Brief) -> Queries:
        """What to search for; the topic itself where the model names nothing that can be searched for."""
        nothing = Research(sources=[], passages=[])
        order = fenced("ORDER", filter(None, [brief.topic, brief.brief, ", ".join(brief.tags)]))
        question = self._prompts.render("queries", **_order(brief, nothing), order=order, most=MOST_QUERIES)
        step = _Step("queries/ask", "queries/repair", "queries")
        try:
            proposed = (await self._shaped(step, QueriesAnswer, brief, nothing, question)).queries
        except AnswerUnusable:
            proposed = []  # no reason to give up a post
        return searchable([*proposed, brief.topic])

    async def passages(self, brief: Brief, sources: Sequence[Source]) -> list[Passage]:
        return await to_thread.run_sync(lambda: pick(brief, sources, tokens=self._context_tokens))

    async def outline(self, brief: Brief, research: Research) -> Outline:
        least, most = _section_count(brief.words)
        question = self._prompts.render(
            "outline",
            **_order(brief, research),
            passages=_shown(research, research.passages),
            least_sections=least,
            most_sections=most,
        )
        step = _Step("outline/ask", "outline/repair", "outline")
        answer = await self._shaped(step, OutlineAnswer, brief, research, question)
        known = {passage.key for passage in research.passages}
        return Outline(
            title=_line(answer.title, 200) or brief.topic,
            angle=_line(answer.angle, 500),
            sections=_legal_sections(answer, known),
            tags=_tags(brief.tags, answer.tags),
        )

    async def section(self, brief: Brief, outline: Outline, section: OutlineSection, research: Research) -> Section:
        place = next((i for i, other in enumerate(outline.sections) if other.key == section.key), 0)
        question = self._prompts.render(
            "section",
            **_order(brief, research),
            title=outline.title,
            angle=outline.angle,
            sections=outline.sections,
            section=section,
            number=place + 1,
            is_first=place == 0,
            section_words=max(60, round(brief.words / max(1, len(outline.sections)), -1)),
            passages=_shown(research, _passages_of(section, research)),
        )
        step = _Step(f"draft:{section.key}/ask", f"draft:{section.key}/repair", "draft")
        return await self._prose(step, brief, research, section, question)

    async def edit(
        self, brief: Brief, outline: Outline, sections: Sequence[Section], research: Research, note: str = ""
    ) -> Edited:
        findings = await to_thread.run_sync(lambda: _findings(brief, sections, research))
        critique = await self._criticise(brief, sections, research, note, findings)
        drafts = _drafts(sections, critique, findings, note)
        revised = await self._revise(brief, outline, drafts, research, note)
        checked = await to_thread.run_sync(lambda: _checked(brief, revised, research))
        if not checked.sections:
            raise AnswerUnusable(
                "Nothing was left of the text after its citations had been checked.",
                remedy=_REMEDY,
                raw="\n\n".join(section.markdown for section in revised),
            )
        title = await self._title(brief, outline, checked.sections, research, note)
        name = _first_true(research, title.title.strip('"“”«»„'), outline.title, brief.topic)
        return Edited(
            title=name,
            summary=_first_true(research, _unmarked(title.summary), _beginning(checked.sections), limit=320),
            slug=_slug(title.slug, name),
            tags=_tags(brief.tags, title.tags or outline.tags),
            sections=[_with_true_heading(section, research) for section in checked.sections],
            citations=checked.citations,
            dropped=checked.dropped,
        )

    async def illustrations(self, brief: Brief, edited: Edited, count: int) -> Illustrations:
        if count <= 0:
            return Illustrations(items=[])
        nothing = Research(sources=[], passages=[])
        question = self._prompts.render(
            "illustrations",
            **_order(brief, nothing),
            count=count,
            title=edited.title,
            summary=edited.summary,
            sections=edited.sections,
        )
        step = _Step("illustrations/ask", "illustrations/repair", "illustrations")
        answer = await self._shaped(step, PicturesAnswer, brief, nothing, question)
        return Illustrations(items=_legal_pictures(answer, edited, count))

    async def reworded(self, brief: Brief, picture: Illustration, refusal: str) -> Illustration:
        nothing = Research(sources=[], passages=[])
        question = self._prompts.render(
            "reword",
            **_order(brief, nothing),
            picture=fenced("PICTURE", [picture.prompt]),
            refusal=fenced("REFUSAL", [_line(refusal, 600)]),
        )
        step = _Step(f"reword:{picture.key}/ask", f"reword:{picture.key}/repair", "reword")
        answer = await self._shaped(step, Picture, brief, nothing, question)
        return Illustration(key=picture.key, prompt=_line(answer.prompt, 1500), alt=_line(answer.alt, 300))

    async def _criticise(
        self, brief: Brief, sections: Sequence[Section], research: Research, note: str, findings: dict[str, list[str]]
    ) -> CritiqueAnswer:
        question = self._prompts.render(
            "critic",
            **_order(brief, research),
            note=note,
            draft=fenced("DRAFT", (f"[{s.key}] {s.heading}\n{s.markdown}" for s in sections)),
            passages=_shown(research, _cited(sections, research)),
            findings=[finding for section in findings.values() for finding in section],
        )
        step = _Step("edit/critic", "edit/critic-repair", "critic")
        return await self._shaped(step, CritiqueAnswer, brief, research, question)

    async def _revise(
        self, brief: Brief, outline: Outline, drafts: Sequence["_Draft"], research: Research, note: str
    ) -> list[Section]:
        """The sections, those with remarks written anew."""
        revised = {draft.section.key: draft.section for draft in drafts}

        async def revise(section: Section, remarks: list[str]) -> None:
            planned = next((other for other in outline.sections if other.key == section.key), None)
            question = self._prompts.render(
                "revise",
                **_order(brief, research),
                title=outline.title,
                section=section,
                draft=fenced("DRAFT", [section.markdown]),
                remarks=remarks,
                note=note,
                passages=_shown(research, _passages_of(planned, research, also=_cited([section], research))),
            )
            step = _Step(f"edit/revise:{section.key}", f"edit/revise-repair:{section.key}", "revise")
            after = await self._prose(step, brief, research, section, question)
            # A revision that lost most of the section without being asked to is worse than none.
            if note or count_words(after.markdown) * 3 >= count_words(section.markdown):
                revised[section.key] = after

        await together([partial(revise, draft.section, draft.remarks) for draft in drafts if draft.remarks])
        return [revised[draft.section.key] for draft in drafts]

    async def _title(
        self, brief: Brief, outline: Outline, sections: Sequence[Section], research: Research, note: str
    ) -> TitleAnswer:
        question = self._prompts.render(
            "title",
            **_order(brief, research),
            title=outline.title,
            note=note,
            draft=fenced("DRAFT", (f"{s.heading}\n{_unmarked(s.markdown)}".strip() for s in sections)),
        )
        step = _Step("edit/title", "edit/title-repair", "title")
        return await self._shaped(step, TitleAnswer, brief, research, question)

    async def _shaped(self, step: _Step, model: type[T], brief: Brief, research: Research, question: str) -> T:
        """Ask for an answer of a shape; if it has another, ask once more with the fault in words."""
        request = self._request(brief, research, question, step.purpose).model_copy(
            update={"json_schema": schema_of(model)}
        )
        first = await self._ask(step.name, request)
        try:
            return read(model, first.text)
        except Malformed as fault:
            again = self._repair(request, first, str(fault), "one JSON object of the form that was asked for")
        second = await self._ask(step.repair, again)
        try:
            return read(model, second.text)
        except Malformed as fault:
            raise _unusable(step, second, f"it has not the form that was asked for: {fault}") from fault

    async def _prose(
        self, step: _Step, brief: Brief, research: Research, section: OutlineSection | Section, question: str
    ) -> Section:
        """Ask for a section's text; if nothing usable comes, ask once more."""
        request = self._request(brief, research, question, step.purpose)
        first = await self._ask(step.name, request)
        markdown = _tamed(first.text, research, section.heading)
        if not markdown:
            again = self._repair(request, first, "it holds no text for the section.", "the section's text")
            second = await self._ask(step.repair, again)
            markdown = _tamed(second.text, research, section.heading)
            if not markdown:
                raise _unusable(step, second, "it holds no text for the section.")
        return Section(key=section.key, heading=section.heading, markdown=markdown)

    def _request(self, brief: Brief, research: Research, question: str, purpose: str) -> TextRequest:
        return TextRequest(
            system=self._prompts.render("system", **_order(brief, research), persona=brief.persona),
            user=question,
            purpose=purpose,
            max_output_tokens=_most_tokens(purpose, brief.words),
        )

    def _repair(self, request: TextRequest, answer: TextAnswer, fault: str, form: str) -> TextRequest:
        shown = fenced("ANSWER", [answer.text[:6000] or "(nothing)"])
        user = self._prompts.render("repair", question=request.user, fault=fault, answer=shown, form=form)
        return request.model_copy(update={"user": user})


class _Draft(NamedTuple):
    section: Section
    remarks: list[str]
    """What must be mended in it; empty: it stays as it is."""


_LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

_RESERVED_KEYS = {"cover", OPENING, KEY_POINTS}
_LOOSE_MARKER = re.compile(
    r"(?<!\w)[\[(【]\s*\^?(?P<keys>s\d+\.\d+(?:\s*[,;/]\s*\^?s\d+\.\d+)*)\s*[\])】]", re.IGNORECASE
)
_ANY_MARKER = re.compile(r"[ \t]*\[\^[^\]\n]*\](?!:)")
_NOTE_TEXT = re.compile(r"^[ \t]{0,3}\[\^[^\]\n]*\]:[^\n]*(?:\n[ \t]+[^\n]+)*\n?", re.MULTILINE)


def _order(brief: Brief, research: Research) -> dict[str, object]:
    """What every prompt may name."""
    name = _LANGUAGES.get(base_language(brief.language))
    return {
        "topic": brief.topic,
        "brief": brief.brief,
        "words": brief.words,
        "language": f"{name} ({brief.language})" if name else brief.language,
        "has_sources": bool(research.passages),
    }


def _most_tokens(purpose: str, words: int) -> int:
    """Room for the answer and for what a model thinks before; a bound all the same, for it is what is held back."""
    return 6000 + 2 * words if purpose in {"draft", "revise", "critic"} else 6000


def _section_count(words: int) -> tuple[int, int]:
    most = max(2, min(9, round(words / 170) + 1))
    return max(1, most // 2), most


def _shown(research: Research, passages: Iterable[Passage]) -> str:
    """Passages as data: each with its key, its source and its heading."""
    parts = []
    for passage in passages:
        source = research.source_of(passage.key)
        origin = " / ".join(filter(None, [_line(source.title, 120) if source else "", _line(passage.heading, 120)]))
        parts.append(f"From: {origin or 'given text'}\n[^{passage.key}]\n{passage.text}")
    return fenced("PASSAGES", parts) if parts else ""


def _passages_of(section: OutlineSection | None, research: Research, also: Sequence[Passage] = ()) -> list[Passage]:
    """The passages a section rests on; all of them where the plan names none."""
    wanted = {*(section.passages if section else ()), *(passage.key for passage in also)}
    return [passage for passage in research.passages if passage.key in wanted] or list(research.passages)


def _cited(sections: Sequence[Section], research: Research) -> list[Passage]:
    text = "\n".join(section.markdown for section in sections)
    return [passage for passage in research.passages if f"[^{passage.key}]" in text]


def _legal_sections(answer: OutlineAnswer, known: set[str]) -> list[OutlineSection]:
    """The planned sections with keys that are legal and unique, resting on passages that exist."""
    keys: set[str] = set(_RESERVED_KEYS)
    sections: list[OutlineSection] = []
    for number, planned in enumerate(answer.sections[:_MOST_SECTIONS], 1):
        heading = _line(planned.heading.lstrip("# "), 160)
        stem = slugify(heading, limit=34, otherwise="part") if heading else f"part-{number}"
        key, count = stem, 1
        while key in keys:
            count += 1
            key = f"{stem}-{count}"
        keys.add(key)
        named = (passage.strip("[]^ ").lower() for passage in planned.passages)
        passages = list(dict.fromkeys(passage for passage in named if passage in known))
        sections.append(OutlineSection(key=key, heading=heading, gist=_line(planned.gist, 600), passages=passages))
    return sections


def _legal_pictures(answer: PicturesAnswer, edited: Edited, count: int) -> list[Illustration]:
    """The cover first, then one picture for a section at most."""
    free = [section.key for section in edited.sections if section.heading] or [s.key for s in edited.sections]
    items: list[Illustration] = []
    for picture in answer.items[:count]:
        named = picture.section.strip("[] ")
        key = "cover" if not items else named if named in free else free[0] if free else ""
        if not key:
            break
        if key in free:
            free.remove(key)
        items.append(Illustration(key=key, prompt=_line(picture.prompt, 1500), alt=_line(picture.alt, 300)))
    return items


def _drafts(
    sections: Sequence[Section], critique: CritiqueAnswer, findings: dict[str, list[str]], note: str
) -> list[_Draft]:
    """The sections with what must be mended in each. A reviewer's note that led to no remark concerns all of them."""
    # Only a reviewer can have sections left out, and never all of them.
    removed = {key.strip("[] ") for key in critique.remove} if note else set()
    remarks = {section.key: list(findings.get(section.key, [])) for section in sections}
    for remark in critique.remarks:
        key = remark.section.strip("[] ")
        if key in remarks and remark.remark:
            remarks[key].append(_line(remark.remark, 600))
    if note and not critique.remarks and not removed:
        remarks = {key: [*found, note] for key, found in remarks.items()}
    drafts = [_Draft(section, remarks[section.key]) for section in sections]
    return [draft for draft in drafts if draft.section.key not in removed] or drafts


def _findings(brief: Brief, sections: Sequence[Section], research: Research) -> dict[str, list[str]]:
    """What the citation check would take out of each section, so that the revision can mend it."""
    return {section.key: _checked(brief, [section], research).dropped for section in sections}


def _checked(brief: Brief, sections: Sequence[Section], research: Research) -> Checked:
    return check(sections, research, language=brief.language)


def _tamed(answer: str, research: Research, heading: str) -> str:
    """A model's text as Markdown that may be shown, its markers in their proper form."""
    addresses = [source.url for source in research.sources if source.url]
    markdown = from_model(answer, addresses=addresses, heading=heading)
    known = {passage.key for passage in research.passages}
    if not known:
        return _unmarked(markdown)

    def proper(found: re.Match[str]) -> str:
        keys = [key.strip(" ^").lower() for key in re.split(r"[,;/]", found["keys"])]
        return "".join(f"[^{key}]" for key in keys if key in known)

    return re.sub(r"[ \t]+(?=\[\^s\d)", "", _LOOSE_MARKER.sub(proper, markdown))


def _unmarked(markdown: str) -> str:
    return _ANY_MARKER.sub("", _NOTE_TEXT.sub("", markdown)).strip()


def _tags(wanted: Sequence[str], found: Iterable[str]) -> list[str]:
    """The owner's tags first; at most ten."""
    named = (" ".join(re.sub(r"[#,/\\<>\"]", " ", tag).split()).lower()[:50].strip() for tag in found)
    own = {tag.lower() for tag in wanted}
    return [*wanted, *dict.fromkeys(tag for tag in named if tag and tag not in own)][: max(len(wanted), 6)][:10]


def _line(text: str, limit: int) -> str:
    """`text` on one line, at most `limit` characters, cut between words."""
    flat = " ".join(without_thoughts(text).split())
    if len(flat) <= limit:
        return flat
    cut = flat[: limit - 1]
    return (cut.rpartition(" ")[0] or cut).rstrip(" ,;:") + "…"


def _first_true(research: Research, *texts: str, limit: int = 200) -> str:
    """The first text that says something and quotes nothing that the sources do not say."""
    lines = [line for text in texts if (line := _line(text, limit))]
    return next((line for line in lines if not quotes_what_nobody_wrote(line, research)), lines[-1])


def _beginning(sections: Sequence[Section]) -> str:
    """The post's first paragraph, without markers and signs."""
    paragraph = next((part for s in sections for part in s.markdown.split("\n\n") if part[:1].isalpha()), "")
    return re.sub(r"[*_`]|\[\^[^\]]*\]", "", paragraph) or sections[0].heading or sections[0].markdown


def _with_true_heading(section: Section, research: Research) -> Section:
    if not quotes_what_nobody_wrote(section.heading, research):
        return section
    return section.model_copy(update={"heading": re.sub('["“”„«»「」『』‹›]', "", section.heading).strip()})


def _slug(wanted: str, title: str) -> str:
    return slugify(wanted if re.search("[a-zA-Z]{3}", wanted) else title)


def _unusable(step: _Step, answer: TextAnswer, fault: str) -> AnswerUnusable:
    name = answer.usage.model or "The model"
    return AnswerUnusable(
        f"{name} answered twice in a way that cannot be used ({step.purpose}): {fault}",
        remedy=_REMEDY,
        provider=answer.usage.provider,
        raw=answer.text,
    )
