"""The writer without AI: what it says stands in the sources, and it reads like a post."""

import re
from pathlib import Path

import pytest

from blogen.domain.source import Research, Source
from blogen.domain.writing import Brief, Edited, Outline, Section
from blogen.errors import InvalidInput
from blogen.writing.citations import check, comparable
from blogen.writing.digest import reads_well
from blogen.writing.extractive import ExtractiveWriter
from blogen.writing.phrases import phrases
from blogen.writing.words import count_words, sentences
from tests.writing import texts
from tests.writing.sources import source, sources

NOTES = Path(__file__).resolve().parents[2] / "docs" / "NOTES.md"

CASES = {
    "en": ("Why sourdough bread tastes better", [texts.BREAD, texts.YEAST]),
    "de": ("Warum Moore wichtig sind", [texts.GERMAN]),
    "fr": ("La fleur de sel", [texts.FRENCH]),
    "es": ("El corcho y el bosque", [texts.SPANISH]),
    "ja": ("和紙の未来", [texts.JAPANESE]),
    "zh": ("茶马古道与茶", [texts.CHINESE]),
    "it": ("Il Parmigiano", [texts.ITALIAN]),
    "pt": ("Os azulejos de Portugal", [texts.PORTUGUESE]),
    "nl": ("De polder en het water", [texts.DUTCH]),
    "ru": ("Русская печь", [texts.RUSSIAN]),
    "hi": ("बावड़ी का पानी", [texts.HINDI]),
    "ar": ("الأفلاج في عمان", [texts.ARABIC]),
}


async def written(brief: Brief, read: list[Source]) -> tuple[Research, Outline, Edited]:
    writer = ExtractiveWriter(brief.language)
    research = Research(sources=read, passages=await writer.passages(brief, read))
    outline = await writer.outline(brief, research)
    sections = [await writer.section(brief, outline, section, research) for section in outline.sections]
    return research, outline, await writer.edit(brief, outline, sections, research)


def statements(markdown: str, language: str) -> list[str]:
    """The sentences of a body, without what is Markdown's and without the fixed phrases (set in italics)."""
    found = []
    for block in re.split(r"\n\n|\n(?=- )", markdown):
        bare = re.sub(r"\[\^[^\]]+\]", " ", block)
        bare = re.sub(r"^\*.*?\* — ", "", bare)
        if not bare.startswith("*"):
            found += sentences(re.sub(r"^(?:- |> )", "", re.sub(r"\\(.)", r"\1", bare)).strip(), language)
    return [re.sub(r"\s+", " ", sentence) for sentence in found if sentence.strip()]


@pytest.mark.parametrize("language", CASES)
async def test_every_sentence_of_the_body_stands_in_a_source_and_is_cited(language):
    topic, given = CASES[language]
    research, _, edited = await written(Brief(topic=topic, language=language), sources(*given))
    whole = comparable("\n".join(given))
    body = [sentence for section in edited.sections for sentence in statements(section.markdown, language)]
    assert len(body) >= 4
    for sentence in body:
        assert comparable(sentence) in whole, sentence
    known = {passage.key for passage in research.passages}
    markers = [found for s in edited.sections for found in re.findall(r"\[\^([^\]]+)\]", s.markdown)]
    assert markers
    assert set(markers) <= known
    assert {citation.marker for citation in edited.citations} == set(markers)
    for section in edited.sections:
        for paragraph in section.markdown.split("\n\n"):
            assert paragraph.startswith("*") or paragraph.rstrip().endswith("]"), paragraph


@pytest.mark.parametrize("language", CASES)
async def test_the_words_it_adds_are_the_fixed_phrases_of_the_posts_language(language):
    topic, given = CASES[language]
    _, _, edited = await written(Brief(topic=topic, language=language), sources(*given))
    credit = [part for part in edited.sections[0].markdown.split("\n\n") if part.startswith("*")]
    words = phrases(language)
    beginnings = [phrase.partition("{")[0] for phrase in (words.from_one, words.from_several)]
    assert len(credit) == 1
    assert credit[0].strip("*").startswith(tuple(beginnings))
    assert ExtractiveWriter(language).notice == words.notice


@pytest.mark.parametrize("language", CASES)
async def test_no_sentence_is_said_twice(language):
    topic, given = CASES[language]
    _, _, edited = await written(Brief(topic=topic, language=language), sources(*given))
    body = [comparable(s) for section in edited.sections for s in statements(section.markdown, language)]
    assert len(body) == len(set(body))


async def test_near_identical_sentences_appear_once():
    _, _, edited = await written(Brief(topic="Does sourdough bread keep longer"), sources(texts.YEAST))
    whole = "\n".join(section.markdown for section in edited.sections)
    assert whole.count("keeps longer than bread") == 1
    assert whole.count("slow the growth of mould") == 1


async def test_junk_of_the_source_stays_out():
    _, _, edited = await written(Brief(topic="Sourdough at home", words=2000), sources(texts.BREAD))
    whole = "\n".join(section.markdown for section in edited.sections)
    for junk in ("newsletter", "example.org", "def feed", "| flour", "loaf.jpg", "title:", "**"):
        assert junk not in whole
    assert "A starter that smells of nail varnish is hungry, not spoiled." in whole


async def test_the_sources_own_headings_head_the_sections():
    _, outline, edited = await written(Brief(topic="Warum Moore wichtig sind", language="de"), sources(texts.GERMAN))
    headings = [section.heading for section in edited.sections]
    assert headings[0] == ""
    assert {"Der Torf als Speicher", "Die Wiedervernässung", "Tiere im Moor"} >= set(headings[1:])
    assert len(headings) >= 3
    assert outline.title == "Warum Moore wichtig sind"
    assert edited.slug == "warum-moore-wichtig-sind"


async def test_the_title_is_the_topic_and_the_summary_is_the_sources():
    _, _, edited = await written(Brief(topic="  why group   commit matters. "), [source(NOTES.read_text())])
    assert edited.title == "Why group commit matters"
    assert comparable(edited.summary.rstrip("…")) in comparable(NOTES.read_text())
    assert 40 <= len(edited.summary) <= 320


async def test_a_short_source_gives_a_short_post():
    text = "A kettle boils water for tea. Tea leaves open slowly in hot water. Green tea wants cooler water than black."
    _, _, edited = await written(Brief(topic="Tea", words=2000), [source(text)])
    said = sum(count_words(sentence) for s in edited.sections for sentence in statements(s.markdown, "en"))
    assert 10 <= said <= count_words(text)


async def test_the_length_asked_for_is_about_the_length_given():
    for words in (300, 600, 1000):
        _, _, edited = await written(Brief(topic="How Blogen works", words=words), [source(NOTES.read_text())])
        said = sum(count_words(sentence) for s in edited.sections for sentence in statements(s.markdown, "en"))
        assert words * 0.6 <= said <= words * 1.25


async def test_a_post_from_blogens_own_notes_is_about_its_topic():
    brief = Brief(topic="Why group commit makes SQLite fast")
    _, outline, edited = await written(brief, [source(NOTES.read_text(), title="Blogen's own notes")])
    headings = [section.heading for section in edited.sections]
    assert "Group commit" in headings
    assert "Why a commit is expensive" in headings
    assert "Disclosure that cannot lie" not in headings
    assert edited.sections[0].markdown.startswith("Group commit means that")
    assert edited.dropped == []
    assert "group commit" in edited.tags
    assert len({section.key for section in outline.sections}) == len(outline.sections)


async def test_the_same_order_gives_the_same_post():
    brief = Brief(topic="How Blogen works")
    first = await written(brief, [source(NOTES.read_text())])
    assert await written(brief, [source(NOTES.read_text())]) == first


async def test_the_citation_check_finds_nothing_to_mend():
    research, _, edited = await written(Brief(topic="Sourdough"), sources(texts.BREAD, texts.YEAST))
    assert edited.dropped == []
    again = check(edited.sections, research)
    assert again.sections == edited.sections
    assert again.citations == edited.citations


async def test_paragraphs_name_their_source_when_there_are_several():
    read = [
        source(texts.BREAD, "s1", "Bread at home", "https://bread.example/a(1)?x=1"),
        source(texts.YEAST, "s2", "On *yeast* [2]"),
    ]
    _, _, edited = await written(Brief(topic="Why sourdough bread tastes better"), read)
    whole = "\n".join(section.markdown for section in edited.sections)
    assert "[Bread at home](<https://bread.example/a(1)?x=1>)" in whole
    assert r"On \*yeast\* \[2\]" in whole


async def test_without_sources_it_refuses_and_says_what_to_do():
    writer = ExtractiveWriter()
    with pytest.raises(InvalidInput) as refused:
        await writer.passages(Brief(topic="Tea"), [])
    assert "[text.NAME]" in refused.value.remedy
    nothing = Research(sources=[], passages=[], problems=["https://a.example did not answer."])
    with pytest.raises(InvalidInput) as refused:
        await writer.outline(Brief(topic="Tea"), nothing)
    assert "did not answer" in refused.value.remedy


@pytest.mark.parametrize(
    "text", ["```\ncode only\n```", "| a | b |\n| - | - |\n| 1 | 2 |", "....", "Menu\nHome\nLog in"]
)
async def test_sources_without_prose_are_refused(text):
    with pytest.raises(InvalidInput):
        await written(Brief(topic="Tea"), [source(text)])


async def test_an_outline_that_a_model_made_can_be_filled():
    """The models may fail in mid-job; then the sections come from here."""
    brief = Brief(topic="Sourdough")
    writer = ExtractiveWriter()
    research = Research(sources=sources(texts.BREAD), passages=await writer.passages(brief, sources(texts.BREAD)))
    own = await writer.outline(brief, research)
    keys = [passage.key for passage in research.passages]
    foreign = own.model_copy(
        update={"sections": [own.sections[0].model_copy(update={"key": "ours", "heading": "Ours", "passages": keys})]}
    )
    section = await writer.section(brief, foreign, foreign.sections[0], research)
    assert section.key == "ours"
    assert count_words(section.markdown) > 60


async def test_pictures_have_words_for_those_who_do_not_see_them():
    brief = Brief(topic="Warum Moore wichtig sind", language="de")
    _, _, edited = await written(brief, sources(texts.GERMAN))
    pictures = await ExtractiveWriter("de").illustrations(brief, edited, 2)
    assert pictures.items[0].key == "cover"
    assert len(pictures.items) == 2
    assert pictures.items[0].alt == "Abstraktes Titelbild zu „Warum Moore wichtig sind“"
    assert (await ExtractiveWriter("de").illustrations(brief, edited, 0)).items == []


async def test_a_hostile_source_cannot_bring_markup_into_the_post():
    text = (
        "Tea is a drink that <script>alert(1)</script> people enjoy every day. "
        "Tea [click](javascript:alert(1)) is served hot in most of the countries. "
        "Tea costs *very* little when it is bought in a large `bag` of leaves. "
        "# Tea is not a heading when it stands within a line of text. "
        "Tea grows on hills where the nights are cool and the days are wet."
    )
    _, _, edited = await written(Brief(topic="Tea"), [source(text, title="<b>Tea</b> ![x](http://evil.example/a.png)")])
    whole = "\n".join(section.markdown for section in edited.sections)
    assert "<script" not in whole
    assert "javascript:" not in whole
    assert not re.search(r"(?<!\\)!\[|(?<!\\)<b", whole)


@pytest.mark.parametrize(
    "text",
    [
        "Too short this.",
        "This one has no end because somebody cut it",
        "this one begins in the middle of a sentence.",
        "Read more about it in the newsletter of the bakery.",
        "The result is shown in figure 3 of the next part.",
        "Go to https://example.org for the rest of it.",
        "The value was (taken from the other side.",
        "THE WHOLE SENTENCE IS WRITTEN IN CAPITAL LETTERS.",
        "12 34 56 78 90 / 12 34 % 56 and so on.",
        "It ends in the middle of a …",
        f"It {'goes on and on ' * 20}.",
    ],
)
def test_what_is_no_good_sentence_is_not_chosen(text):
    assert not reads_well(text)


@pytest.mark.parametrize("language", CASES)
def test_the_sentences_of_real_texts_are_good_enough(language):
    read = [s for line in CASES[language][1][0].split("\n\n") for s in sentences(line.replace("\n", " "), language)]
    good = [text for text in read if reads_well(text)]
    assert len(good) >= 0.5 * len(read)


async def test_what_a_model_left_behind_is_checked_here_too():
    brief = Brief(topic="Sourdough")
    research, outline, edited = await written(brief, sources(texts.BREAD))
    invented = Section(
        key="x", heading="X", markdown="They say “bread is the king of all foods”.[^s1.1] It rises.[^s1.1]"
    )
    again = await ExtractiveWriter().edit(brief, outline, [*edited.sections, invented], research, note="Shorter!")
    assert again.sections[-1].markdown == "It rises.[^s1.1]"
    assert "king of all foods" in again.dropped[0]
    assert "Shorter!" in again.dropped[1]
