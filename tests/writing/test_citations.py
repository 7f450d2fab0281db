"""The citation check: what survives it is in the sources, whatever a model wrote."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blogen.domain.source import Passage, Research
from blogen.domain.writing import Section
from blogen.writing.citations import check, comparable, quotations
from tests.writing.sources import source

TEXT = (
    "The mill was built in 1732 and ground 4,500 kilograms of flour a day. “A mill without water is a barn,” the "
    "miller’s wife used to say — and she was right. It lost 35 per cent of its customers when the railway came. "
    "The wheel turns six times a minute; its axle weighs 2.5 tonnes. Half a ton of grain needed 20 to 25 minutes."
)
OTHER = "Another mill stood on the hill. It was driven by wind, and its sails measured 12 metres."
RESEARCH = Research(
    sources=[source(TEXT, "s1", "The mill of 1732"), source(OTHER, "s2", "Windmills")],
    passages=[
        Passage(key="s1.1", source="s1", text=TEXT[: TEXT.index("It lost")]),
        Passage(key="s1.2", source="s1", text=TEXT[TEXT.index("It lost") :]),
        Passage(key="s2.1", source="s2", text=OTHER),
    ],
)


def checked(markdown: str, research: Research = RESEARCH, language: str = "en"):
    result = check([Section(key="a", heading="A", markdown=markdown)], research, language=language)
    return "\n".join(section.markdown for section in result.sections), result


def test_a_true_quotation_stays_with_its_marker():
    text = "She said “A mill without water is a barn”.[^s1.1] It had a wheel.[^s1.2]"
    after, result = checked(text)
    assert after == text
    assert [(citation.marker, citation.quote) for citation in result.citations] == [
        ("s1.1", "A mill without water is a barn"),
        ("s1.2", None),
    ]
    assert result.citations[0].source == "s1"
    assert result.dropped == []


@pytest.mark.parametrize(
    "quote",
    [
        '"a mill without water is a barn,"',
        "„A mill without  water is a barn“",
        "«A mill without water is a barn»",
        "« A mill without water is a barn »",
        "“a mill … is a barn”",
        "“A mill [...] is a barn, the miller's wife used to say - and she was right.”",
        "“A *mill* without water is a barn”",
        "“[A] mill without water is a barn”",
        "“the miller's wife”",
    ],
)
def test_a_quotation_may_differ_in_signs_and_spacing(quote):
    after, result = checked(f"It is known: {quote}.[^s1.1]")
    assert "[^s1.1]" in after
    assert result.dropped == []


@pytest.mark.parametrize(
    "quote",
    [
        "“A mill without water is a house”",
        '"A mill without water is a house"',
        "„A mill without water is a house“",
        "»A mill without water is a house«",
        "「A mill without water is a house」",
        "‘A mill without water is a house’",
        "'A mill without water is a house'",
        "&quot;A mill without water is a house&quot;",
        "&ldquo;A mill without water is a house&rdquo;",
        "<q>A mill without water is a house</q>",
        "“A mill without water is a house",
        "“is a barn … a mill”",
        "“arn”",
        "“**A mill** without water is a house”",
        "“A mill without water is a house.” And more, “the wheel turns”",
    ],
)
def test_a_fabricated_quotation_goes_with_its_sentence(quote):
    after, result = checked(f"The mill is old. It is known: {quote}.[^s1.1] The wheel turns.[^s1.2]")
    assert "house" not in after
    assert "known" not in after
    assert after.startswith("The mill is old.")
    assert "is not in the source s1" in result.dropped[0]


def test_a_quotation_without_a_marker_rests_on_the_next_marker_of_its_paragraph():
    after, _ = checked("He called it “the best of barns”. It ground flour.[^s1.1]")
    assert after == "It ground flour.[^s1.1]"
    after, _ = checked("She called it “a barn”. It ground flour.[^s1.1]")
    assert "a barn" in after


def test_a_long_quotation_without_any_marker_must_stand_in_some_source():
    after, result = checked("They say: “Mills were the heart of every village then.”\n\nAnother thing.")
    assert after == "Another thing."
    assert "not in any source" in result.dropped[0]
    assert checked("They say: “It was driven by wind, and its sails”.")[0]
    assert checked("The so-called “hot path” is short.")[0] == "The so-called “hot path” is short."


def test_a_block_quotation_is_a_quotation():
    kept = "> A mill without water is a barn\n> — the miller's wife[^s1.1]"
    assert checked(kept)[0] == kept
    after, result = checked("Before.\n\n> Mills are the best of all barns in the world.[^s1.1]\n\nAfter.")
    assert after == "Before.\n\nAfter."
    assert "was left out" in result.dropped[0]


def test_a_marker_leads_to_the_passage_that_has_the_words():
    after, result = checked("She said “the wheel turns six times a minute”.[^s1.1]")
    assert after.endswith("[^s1.2]")
    assert result.citations[0].passage == TEXT[TEXT.index("It lost") :]


@pytest.mark.parametrize("marker", ["[^s1.9]", "[^s9.1]", "[^1]", "[^s1]", "[^note here]", "[^S1.1x]"])
def test_a_marker_that_nobody_knows_is_removed(marker):
    after, result = checked(f"The mill is old.{marker} It had a wheel.[^s1.2]")
    assert after == "The mill is old. It had a wheel.[^s1.2]"
    assert len(result.citations) == 1
    assert "names no passage" in result.dropped[0]


def test_footnotes_written_by_hand_are_removed():
    after, result = checked("The mill is old.[^s1.1]\n\n[^s1.1]: It is the oldest mill in the world.\n    Really.")
    assert after == "The mill is old.[^s1.1]"
    assert "by hand" in result.dropped[0]
    assert checked("Old.^[An invented note.]")[0] == r"Old.\^[An invented note.]"


@pytest.mark.parametrize(
    "statement",
    [
        "It was built in 1732.",
        "It ground 4500 kg a day.",
        "It ground 4.500 kilograms a day.",
        "It ground 4 500 kilograms a day.",
        "It lost 35% of its customers.",
        "It lost 35 percent of its customers.",
        "The axle weighs 2,5 t.",
        "It took 25 minutes, or 20 minutes with luck.",
        "Es verlor 35 Prozent seiner Kunden.",
        "محصولها ٤٥٠٠ كيلو",
        "It has 3 doors[^none] and p50 is fine, built 1732.",
    ],
)
def test_a_figure_that_the_source_bears_keeps_its_marker(statement):
    if "3 doors" in statement:
        statement = "The p50 of UUIDv7 and the year 1732."
    after, result = checked(f"{statement}[^s1.1]")
    assert after == f"{statement}[^s1.1]", result.dropped


@pytest.mark.parametrize(
    "statement",
    [
        "It was built in 1733.",
        "It ground 45,000 kilograms a day.",
        "It ground 4,500 tonnes a day.",
        "It lost 35 customers in 35 minutes.",
        "It lost 53% of its customers.",
        "It lost -35 per cent.",
        "The axle weighs 25 tonnes.",
        "It ground 4.5 million kilograms.",
        "It stood 7,3 metres high.",
        "在1733年建成。",
        "Its sails measured 12 metres.",
    ],
)
def test_a_figure_that_the_source_does_not_bear_loses_its_marker(statement):
    after, result = checked(f"{statement}[^s1.1]")
    assert after == statement
    assert result.citations == []
    assert "the figure" in result.dropped[0]


def test_two_markers_bear_a_statement_together():
    text = "One was built in 1732, the other has sails of 12 metres.[^s1.1][^s2.1]"
    assert checked(text)[0] == text


def test_a_code_block_is_left_alone_but_for_markers():
    text = 'Text.\n\n```python\nprint("nobody ever said these words here")  # [^s1.1]\n```'
    after, result = checked(text)
    assert 'print("nobody ever said these words here")' in after
    assert "[^s1.1]" not in after
    assert result.citations == []


def test_a_section_of_which_nothing_is_left_goes():
    _, result = checked("It says: “These words are not in any of them.”[^s1.1]")
    assert result.sections == []
    assert any("nothing was left" in told for told in result.dropped)


def test_without_sources_no_marker_is_left_and_quotations_stay():
    nothing = Research(sources=[], passages=[])
    after, result = checked("It is so.[^s1.1] People say “this is how it has always been here”.", nothing)
    assert after == "It is so. People say “this is how it has always been here”."
    assert result.citations == []


def test_lists_and_emphasis_survive():
    text = "- **One.** It was built in 1732.[^s1.1]\n- Two.\n\n1. Three[^s2.1]\n2. Four"
    assert checked(text)[0] == text
    after, _ = checked("**It is old. It says “we are all from somewhere else”.**[^s1.1]")
    assert after == "It is old."


def test_several_keys_in_one_marker_are_read():
    assert checked("Old mills.[^s1.1, s2.1]")[0] == "Old mills.[^s1.1][^s2.1]"


def test_japanese_and_chinese_quotations():
    text = "職人は言う。紙は水が作るのだと。紙の厚さは0.02ミリである。"
    research = Research(sources=[source(text)], passages=[Passage(key="s1.1", source="s1", text=text)])
    kept = "職人によれば「紙は水が作る」という。[^s1.1]厚さは0.02ミリだ。[^s1.1]"
    assert checked(kept, research, "ja")[0] == kept
    assert checked("職人によれば「紙は風が作る」という。[^s1.1]", research, "ja")[0] == ""
    assert checked("厚さは0.05ミリだ。[^s1.1]", research, "ja")[0] == "厚さは0.05ミリだ。"


# What nobody wrote by hand

WORDS = ["mill", "water", "wheel", "grain", "river", "stone", "flour", "miller", "wind", "sail", "dam", "village"]
FABRICATED = ["zeppelin", "quasar", "xylophone", "walrus", "jukebox"]
OPENERS = ["“{}”", '"{}"', "„{}“", "«{}»", "»{}«", "「{}」", "‘{}’", "&quot;{}&quot;", "<q>{}</q>", "“{}"]
ENDS = [".", "!", "?", ", they say.", " (so they say)."]


# Named here: made within what draws from them, they would be made anew for every word.
CHANCE = st.booleans()
SAID = st.lists(st.sampled_from(WORDS), min_size=5, max_size=9).map(" ".join)
COUNTED = st.integers(1, 899)
SENTENCES = st.lists(st.builds("{} {}.".format, SAID.map(str.capitalize), COUNTED), min_size=2, max_size=5)
VERB = st.sampled_from(["said", "found", "knew", "wrote"])
QUOTED_WORDS = st.integers(2, 4)
INVENTED = st.lists(st.sampled_from([*WORDS, *FABRICATED]), min_size=5, max_size=8).map(" ".join)
OPENER = st.sampled_from(OPENERS)
NUMBER = st.one_of(COUNTED, st.integers(5000, 9999))
UNIT = st.sampled_from(["", " %", " km", " million"])
PLACE = st.sampled_from(["here", "there", "again"])
MARKERS = st.lists(st.sampled_from(["[^s1.1]", "[^s1.2]", "[^s2.1]", "[^x]", "[^s7.7]"]), max_size=2).map("".join)
END = st.sampled_from(ENDS)
PREFIX = st.sampled_from(["", "- ", "> ", "### ", "1. ", "**"])
GAP = st.sampled_from([" ", "\n", ""])
FEW = st.integers(1, 4)
MATERIAL = SENTENCES.map(" ".join)


@st.composite
def drafts(draw):
    text = draw(MATERIAL)
    words = text.rstrip(".").split()

    def statement():
        """A sentence of a draft: with or without quotation, figure and marker, true or not."""
        parts = ["They", draw(VERB)]
        if draw(CHANCE):
            if draw(CHANCE):
                start = draw(st.integers(0, len(words) - 4))
                quote = " ".join(words[start : start + draw(QUOTED_WORDS)])
            else:
                quote = draw(INVENTED)
            parts.append(draw(OPENER).format(quote))
        if draw(CHANCE):
            parts += ["about", f"{draw(NUMBER)}{draw(UNIT)}"]
        parts.append(draw(PLACE))
        return " ".join(parts) + draw(END) + draw(MARKERS)

    blocks = []
    for _ in range(draw(FEW)):
        prefix = draw(PREFIX)
        sentences = [statement() for _ in range(draw(FEW))]
        blocks.append(prefix + draw(GAP).join(sentences))
    research = Research(
        sources=[source(text, "s1"), source("Nothing that anybody would quote stands here.", "s2")],
        passages=[
            Passage(key="s1.1", source="s1", text=text[:40]),
            Passage(key="s1.2", source="s1", text=text),
            Passage(key="s2.1", source="s2", text="Nothing that anybody would quote stands here."),
        ],
    )
    return text, "\n\n".join(blocks), research


def shown(markdown: str) -> str:
    return html.unescape(re.sub(r"<q>(.*?)</q>", r"“\1”", markdown))


@settings(max_examples=300, deadline=None)
@given(drafts())
def test_nothing_that_survives_breaks_the_rule(draft):
    _, markdown, research = draft
    after, result = checked(markdown, research)
    known = {passage.key for passage in research.passages}
    markers = re.findall(r"\[\^([^\]]*)\]", after)
    assert set(markers) <= known
    assert {citation.marker for citation in result.citations} == set(markers)
    whole = {key: comparable(next(s for s in research.sources if s.key == key).text) for key in ("s1", "s2")}
    for citation in result.citations:
        if citation.quote:
            assert comparable(citation.quote).strip(" .,!?") in whole[citation.source]
    # A fabricated word in quotation marks is nowhere left: all quotations here are long, or have a marker behind them.
    for paragraph in after.split("\n\n"):
        for quote in quotations(shown(re.sub(r"\[\^[^\]]*\]", "", paragraph))):
            bare = comparable(quote)
            assert not any(word in bare for word in FABRICATED) or "they" in bare, quote
    # A figure in a sentence with a marker is in that marker's source.
    ends = r"(?:[.!?]|, they say\.| \(so they say\)\.)"
    for figure, own in re.findall(rf"about (\d+)(?: ?%| km| million)? \w+{ends}((?:\[\^[^\]]*\])+)", after):
        keys = {key.partition(".")[0] for key in re.findall(r"\[\^([^\]]*)\]", own)}
        assert any(re.search(rf"\b{figure}\b", whole[key]) for key in keys), figure


@settings(max_examples=200, deadline=None)
@given(drafts())
def test_what_was_checked_passes_the_check(draft):
    _, markdown, research = draft
    _, first = checked(markdown, research)
    second = check(first.sections, research)
    assert second.sections == first.sections
    assert second.citations == first.citations
    assert second.dropped == []


@settings(max_examples=200, deadline=None)
@given(MATERIAL, st.data())
def test_a_true_quotation_is_never_taken_out(text, data):
    words = text.rstrip(".").split()
    start = data.draw(st.integers(0, len(words) - 3))
    quote = " ".join(words[start : start + data.draw(st.integers(3, 12))])
    sign = data.draw(st.sampled_from(["“{}”", '"{}"', "„{}“", "«{}»", "「{}」"]))
    passage = Passage(key="s1.1", source="s1", text=text)
    statement = f"They wrote {sign.format(quote)} then.[^s1.1]"
    after, result = checked(statement, Research(sources=[source(text)], passages=[passage]))
    assert after == statement
    assert result.dropped == []


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 .,“”\"'„«»「」[]^s1.\n>-*`#|()<>&;\\…"), max_size=120))
def test_no_text_breaks_the_check(markdown):
    after, result = checked(markdown)
    second, again = checked(after)
    assert second == after
    assert again.citations == result.citations
