"""A writer without any AI: it makes a post out of the given sources, in their own words.

Every sentence of the body stands in a source, word for word, with a marker that leads there; the only other words are
the fixed phrases of `phrases.py`. What the sources do not say, the post does not say.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from anyio import Lock, to_thread

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
from blogen.errors import InvalidInput
from blogen.writing.citations import check
from blogen.writing.digest import KEY_POINTS, OPENING, Digest, Sentence
from blogen.writing.markdown import escape, link
from blogen.writing.passages import pick
from blogen.writing.phrases import phrases
from blogen.writing.querying import key_words, searchable
from blogen.writing.words import count_words, is_unspaced

_REMEDY = "Give sources (text, files or web pages) to write from, or configure a text model in a section [text.NAME]."
_PARAGRAPH_WORDS = 95
_SUMMARY_LENGTH = 240
_WORDS_FOR_KEY_POINTS = 300


class ExtractiveWriter:
    """Makes a post of chosen and ordered sentences. Deterministic: the same order and sources give the same post."""

    def __init__(self, language: str = "en") -> None:
        self.notice = phrases(language).notice
        self._lock = Lock()
        self._digest: tuple[object, Digest] | None = None

    async def queries(self, brief: Brief) -> Queries:
        return searchable(key_words(brief))

    async def passages(self, brief: Brief, sources: Sequence[Source]) -> list[Passage]:
        if not sources:
            raise InvalidInput("There is no source, and without a text model nothing is invented.", remedy=_REMEDY)
        picked = await to_thread.run_sync(lambda: pick(brief, sources, tokens=max(4000, 6 * brief.words)))
        if not picked:
            raise InvalidInput("The sources hold no prose to choose sentences from.", remedy=_REMEDY)
        return picked

    async def outline(self, brief: Brief, research: Research) -> Outline:
        digest = await self._read(brief, research)
        return await to_thread.run_sync(lambda: _outline(brief, digest))

    async def section(self, brief: Brief, outline: Outline, section: OutlineSection, research: Research) -> Section:
        digest = await self._read(brief, research)
        return await to_thread.run_sync(lambda: _section(brief, outline, section, research, digest))

    async def edit(
        self, brief: Brief, outline: Outline, sections: Sequence[Section], research: Research, note: str = ""
    ) -> Edited:
        digest = await self._read(brief, research)
        checked = await to_thread.run_sync(lambda: check(sections, research, language=brief.language))
        kept = [section for section in checked.sections if section.markdown.strip()]
        if not kept:
            raise InvalidInput("The sources hold no whole sentences to make a post of.", remedy=_REMEDY)
        dropped = list(checked.dropped)
        if note:
            dropped.append(f"The reviewer's note cannot be followed without a text model: {note}")
        return Edited(
            title=outline.title,
            summary=_summary(digest, outline),
            slug=slugify(outline.title, brief.language),
            tags=outline.tags,
            sections=kept,
            citations=checked.citations,
            dropped=dropped,
        )

    async def illustrations(self, brief: Brief, edited: Edited, count: int) -> Illustrations:
        alt = phrases(brief.language).cover
        subjects = [("cover", edited.title), *((s.key, s.heading) for s in edited.sections if _is_theme(s))]
        return Illustrations(
            items=[
                Illustration(
                    key=key,
                    prompt=f"Abstract illustration about: {subject}. Themes: {', '.join(edited.tags) or edited.title}.",
                    alt=alt.format(title=subject),
                )
                for key, subject in subjects[:count]
            ]
        )

    async def reworded(self, brief: Brief, picture: Illustration, refusal: str) -> Illustration:
        del brief, refusal  # a picture of nothing in particular is refused by nobody
        return picture.model_copy(update={"prompt": "Calm abstract shapes in soft light, muted colours, no people."})

    async def _read(self, brief: Brief, research: Research) -> Digest:
        """The digest of `research`, made once for all sections."""
        if not research.passages:
            raise InvalidInput(
                "No source could be used, and without a text model nothing is invented.",
                remedy=" ".join([*research.problems, _REMEDY]),
            )
        key = (brief, [passage.key for passage in research.passages], [source.digest for source in research.sources])
        async with self._lock:
            if self._digest is None or self._digest[0] != key:
                self._digest = (key, await to_thread.run_sync(lambda: Digest(brief, research)))
            digest = self._digest[1]
        if digest.is_empty:
            raise InvalidInput("The sources hold no whole sentences to make a post of.", remedy=_REMEDY)
        return digest


def _outline(brief: Brief, digest: Digest) -> Outline:
    title = _title(brief.topic)
    themes = digest.themes()
    lead = digest.lead()
    sections = [OutlineSection(key=OPENING, heading="", passages=list(dict.fromkeys(s.passage for s in lead)))]
    if len(themes) > 1 and digest.words >= _WORDS_FOR_KEY_POINTS:
        every = list(dict.fromkeys(key for theme in themes for key in theme.passages))
        sections.append(OutlineSection(key=KEY_POINTS, heading=phrases(brief.language).key_points, passages=every))
    taken = {section.key for section in sections}
    for number, theme in enumerate(themes, 1):
        key = slugify(theme.heading, brief.language, limit=40, otherwise="part") if theme.heading else f"part-{number}"
        key = key if key not in taken else f"part-{number}"
        taken.add(key)
        heading = "" if len(themes) == 1 and digest.words < 200 else theme.heading
        sections.append(OutlineSection(key=key, heading=heading, passages=list(theme.passages)))
    tags = list(dict.fromkeys([*brief.tags, *digest.tags(4)]))
    return Outline(title=title, sections=sections, tags=tags[: max(5, len(brief.tags))])


def _section(brief: Brief, outline: Outline, section: OutlineSection, research: Research, digest: Digest) -> Section:
    given = digest.allocate(outline)
    chosen = given.get(section.key, [])
    if section.key == KEY_POINTS:
        markdown = _list(chosen) if len(chosen) > 1 else ""
    elif section.key == OPENING:
        used = [sentence.source for part in given.values() for sentence in part]
        markdown = "\n\n".join(
            filter(None, [_prose(chosen, research, attributed=False), _credit(brief, research, used)])
        )
    else:
        several = len({sentence.source for part in given.values() for sentence in part}) > 1
        markdown = _prose(
            chosen, research, attributed=several, heading=section.heading, quoting=_is_even(outline, section)
        )
    return Section(key=section.key, heading=section.heading, markdown=markdown)


def _prose(
    chosen: Sequence[Sentence], research: Research, *, attributed: bool, heading: str = "", quoting: bool = False
) -> str:
    """Paragraphs as in the sources; short neighbours of one source run together."""
    quote = _pull_quote(chosen) if quoting else None
    paragraphs: list[str] = []
    source = ""
    for group in _paragraphs(chosen):
        run_in = ""
        if attributed and group[0].source != source:
            source = group[0].source
            named = next((known.title for known in research.sources if known.key == source), "")
            run_in = "" if named.strip() == heading else f"*{_name(research, source)}* — "
        plain = [sentence for sentence in group if sentence is not quote]
        if plain:
            paragraphs.append(run_in + _marked(plain))
        if quote is not None and quote in group:
            paragraphs.append(f"> {_marked([quote])}")
    return "\n\n".join(paragraphs)


def _paragraphs(chosen: Sequence[Sentence]) -> list[list[Sentence]]:
    groups: list[list[Sentence]] = []
    for _, members in groupby(chosen, key=lambda sentence: sentence.paragraph):
        paragraph = list(members)
        length = sum(sentence.words for sentence in paragraph)
        last = groups[-1] if groups else []
        is_near = bool(last) and last[-1].source == paragraph[0].source and 1 in {len(last), len(paragraph)}
        if is_near and sum(sentence.words for sentence in last) + length <= _PARAGRAPH_WORDS:
            last += paragraph
        else:
            groups.append(paragraph)
    return groups


def _marked(sentences: Sequence[Sentence]) -> str:
    """Sentences in a row; a marker after the last one of each passage."""
    text = ""
    for passage, members in groupby(sentences, key=lambda sentence: sentence.passage):
        for sentence in members:
            text += f"{_space(text, sentence.text)}{escape(sentence.text)}"
        text += f"[^{passage}]"
    return text


def _space(before: str, sentence: str) -> str:
    return "" if not before or is_unspaced(sentence) else " "


def _list(points: Sequence[Sentence]) -> str:
    return "\n".join(f"- {_marked([point])}" for point in points)


def _pull_quote(chosen: Sequence[Sentence]) -> Sentence | None:
    """The strongest sentence that ends a paragraph and stands alone: shown as a quotation in its place."""
    company = Counter(sentence.paragraph for sentence in chosen)
    ends = [s for s in chosen if company[s.paragraph] > 2 and s.is_last and s.stands_alone and 7 <= s.words <= 32]
    return max(ends, key=lambda sentence: (sentence.score, -sentence.index), default=None)


def _is_even(outline: Outline, section: OutlineSection) -> bool:
    themes = [other.key for other in outline.sections if other.key not in {OPENING, KEY_POINTS}]
    return themes.index(section.key) % 2 == 1 if section.key in themes and len(themes) > 2 else False


def _is_theme(section: Section) -> bool:
    return bool(section.heading) and section.key not in {OPENING, KEY_POINTS}


def _credit(brief: Brief, research: Research, used: Sequence[str]) -> str:
    """One sentence that says whose words follow."""
    keys = [source.key for source in research.sources if source.key in set(used)]
    words = phrases(brief.language)
    names = [_name(research, key) for key in keys]
    if len(names) == 1:
        said = words.from_one.format(source=names[0])
    elif len(names) <= 3:
        comma = "、" if is_unspaced(words.key_points) else ", "
        said = words.from_several.format(sources=words.conjunction.join([comma.join(names[:-1]), names[-1]]))
    else:
        said = words.from_many.format(count=len(names))
    return f"*{said}*" if "*" not in said else said


def _name(research: Research, key: str) -> str:
    source = next((source for source in research.sources if source.key == key), None)
    title = (source.title if source else "").strip()
    return link(title, source.url if source else None) if title else phrases("en").untitled


def _title(topic: str) -> str:
    title = re.sub(r"\s+", " ", topic).strip()
    if title.endswith((".", "。")) and not title.endswith(".."):
        title = title[:-1].rstrip() or title
    return title[:1].upper() + title[1:]


def _summary(digest: Digest, outline: Outline) -> str:
    """The opening's first sentences, as many as fit."""
    summary = ""
    for sentence in digest.lead():
        longer = f"{summary}{_space(summary, sentence.text)}{sentence.text}"
        if summary and len(longer) > _SUMMARY_LENGTH:
            break
        summary = longer
    if len(summary) > _SUMMARY_LENGTH + 60:
        cut = summary[:_SUMMARY_LENGTH]
        summary = (cut if is_unspaced(cut) else cut.rpartition(" ")[0]).rstrip(" ,;:，、") + "…"
    return summary if count_words(summary) else outline.title
