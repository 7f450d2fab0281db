"""Reading sources as prose, and cutting them into passages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blogen.domain.writing import Brief
from blogen.writing.citations import check, comparable
from blogen.writing.passages import cut, estimate_tokens, pick
from blogen.writing.reading import blocks, plain
from blogen.writing.words import count_words, detect_language, sentences
from tests.writing import texts
from tests.writing.sources import source, sources

ALL = {
    "en": texts.BREAD, "de": texts.GERMAN, "fr": texts.FRENCH, "es": texts.SPANISH, "ja": texts.JAPANESE,
    "zh": texts.CHINESE, "it": texts.ITALIAN, "pt": texts.PORTUGUESE, "nl": texts.DUTCH, "ru": texts.RUSSIAN,
    "hi": texts.HINDI, "ar": texts.ARABIC,
}  # fmt: skip


@pytest.mark.parametrize("language", ALL)
def test_the_language_of_a_text_is_found(language):
    assert detect_language(ALL[language], otherwise="en") == language


def test_too_little_text_has_the_language_it_was_said_to_have():
    assert detect_language("1234", otherwise="fi") == "fi"
    assert detect_language("", otherwise="de-AT") == "de"


def test_sentences_do_not_end_at_abbreviations():
    assert len(sentences("M. Le Goff dit oui. Il part.", "fr")) == 2
    assert len(sentences("Das ist z. B. hier so. Herr Dr. Meier kam am 3. März.", "de")) == 2
    assert sentences("「紙は水が作る」と職人は言う。次の文。", "ja") == ["「紙は水が作る」と職人は言う。", "次の文。"]


def test_words_are_counted_in_every_script():
    assert count_words("It's a well-known fact, isn't it?") == 6
    assert 8 <= count_words("和紙は薄くても破れにくい紙である") <= 11
    assert count_words("बावड़ी पानी का कुआँ") == 4


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**Bold** and _it_ and `code`", "Bold and it and code"),
        ("a [link](https://a.example/x_(1)) here", "a link here"),
        ("snake_case_name stays", "snake_case_name stays"),
        ("said[^1] and[12] &amp; done", "said and & done"),
        (r"a \*star\*", "a *star*"),
        ("<b>x</b> 2 < 3", "x 2 < 3"),
        ("see https://a.example/b for it", "see … for it"),
    ],
)
def test_markdown_is_read_as_its_reader_sees_it(markdown, shown):
    assert plain(markdown) == shown


def test_headings_of_all_kinds_are_found():
    text = "# One\nText one.\n\nTwo\n===\nText two.\n\nThree\n\nText three is here.\n\n- item\n- other\n"
    assert [(block.heading, block.text) for block in blocks(text)] == [
        ("One", "Text one."),
        ("Two", "Text two."),
        ("Three", "Text three is here."),
        ("Three", "item"),
        ("Three", "other"),
    ]


def test_lines_that_are_paragraphs_are_kept_apart():
    long = "This is a long line that a web page gave us as one paragraph, and it ends here with a full stop. " * 2
    assert len(blocks(f"{long}\n{long}\nA heading\n{long}")) == 3
    assert blocks(f"{long}\nA heading\n{long}")[1].heading == "A heading"
    wrapped = "This text was wrapped\nby its writer, and so\nit is one paragraph."
    assert [block.text for block in blocks(wrapped)] == [
        "This text was wrapped by its writer, and so it is one paragraph."
    ]


@pytest.mark.parametrize("language", ALL)
def test_every_passage_stands_in_its_source(language):
    given = source(ALL[language])
    passages = cut(given)
    assert passages
    assert len({passage.key for passage in passages}) == len(passages)
    for passage in passages:
        assert count_words(passage.text) <= 140
        read = comparable("\n".join(block.text for block in blocks(given.text)))
        assert comparable(passage.text) in read


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "# H",
                "Text one. Two!",
                "```",
                "| a | b |",
                "- item.",
                "> quoted words.",
                "",
                "    x;",
                "A [b](c) d.",
                "https://a.example",
                "---",
                "**",
                "A line\n===",
                "文。字。",
                "…",
            ]
        )
    )
)
def test_no_source_breaks_the_reading(lines):
    given = source("\n".join(lines) or " ")
    passages = cut(given)
    assert all(passage.text.strip() for passage in passages)
    picked = pick(Brief(topic="Two items"), [given], tokens=500)
    assert {passage.key for passage in picked} <= {passage.key for passage in passages}


def test_the_most_relevant_passages_are_picked_first():
    picked = pick(Brief(topic="Baking in a hot oven with steam"), sources(texts.BREAD, texts.YEAST), tokens=110)
    assert [passage.heading for passage in picked] == ["Baking"]


def test_the_budget_counts_every_script():
    assert estimate_tokens("a" * 400) == 100
    assert estimate_tokens("紙" * 400) >= 400
    many = [texts.JAPANESE.replace("和紙", f"和紙{n}") for n in range(10)]
    picked = pick(Brief(topic="和紙"), sources(*many), tokens=700)
    assert 0 < sum(estimate_tokens(passage.text) for passage in picked) <= 700


def test_repeated_sources_are_picked_once():
    picked = pick(Brief(topic="Sourdough"), sources(texts.BREAD, texts.BREAD), tokens=10_000)
    assert len({passage.text for passage in picked}) == len(picked)


def test_nothing_is_dropped_from_what_was_read_word_for_word():
    from blogen.domain.source import Research
    from blogen.domain.writing import Section

    given = source(texts.GERMAN)
    passages = cut(given)
    sections = [Section(key=f"k{i}", heading="", markdown=f"{p.text}[^{p.key}]") for i, p in enumerate(passages)]
    assert check(sections, Research(sources=[given], passages=passages), language="de").dropped == []
