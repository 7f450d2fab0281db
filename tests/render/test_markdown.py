"""Markdown becomes blocks; nothing a reader should read is lost, nothing else gets through."""

import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from blogen.domain.post import Block
from blogen.domain.post_summary import Picture
from blogen.errors import InvalidInput
from blogen.render.block_ids import fingerprint
from blogen.render.html import to_html
from blogen.render.markdown import NoteSource, carry_ids, notes_of, to_blocks
from blogen.render.text import plain_text
from tests.render.danger import dangers
from tests.render.strategies import markdown, words

BLOCKS = TypeAdapter(list[Block])
NOTES = [
    NoteSource("s1.1", "The first passage.", "First source", "https://example.org/1"),
    NoteSource("s1.2", "The second passage.", "Second source"),
]
COVER = Picture(
    key="cover", url="/media/aa/x.webp", width=1600, height=900, alt="A hill", srcset="/media/aa/y.webp 400w"
)
PICTURES = {"cover": COVER}


def blocks_of(text, **how):
    return to_blocks(text, NOTES, pictures=PICTURES, **how)


def shape(text, **how):
    """The blocks of `text` without ids and absent marks."""
    return [
        {name: value for name, value in block.items() if name != "id"}
        for block in BLOCKS.dump_python(blocks_of(text, **how), exclude_none=True)
    ]


def only(text, **how):
    [block] = shape(text, **how)
    return block


def test_inline_marks_become_runs_and_equal_neighbours_one():
    assert only("a **b *c*** `d` [e](https://example.org/x) f\\* &amp; g")["runs"] == [
        {"text": "a "},
        {"text": "b ", "b": True},
        {"text": "c", "b": True, "i": True},
        {"text": " "},
        {"text": "d", "code": True},
        {"text": " "},
        {"text": "e", "href": "https://example.org/x"},
        {"text": " f* & g"},
    ]


def test_headings_begin_at_level_two():
    assert [block["level"] for block in shape("# a\n\n## b\n\n###### c\n\nd\n===")] == [2, 2, 6, 2]


def test_soft_breaks_are_spaces_except_between_ideographs_and_hard_breaks_stay():
    assert only("one\ntwo")["runs"] == [{"text": "one two"}]
    assert only("日本語の\n文章")["runs"] == [{"text": "日本語の文章"}]
    assert only("one  \ntwo\\\nthree<br>four")["runs"] == [{"text": "one\ntwo\nthree\nfour"}]


def test_nested_lists_are_lines_of_their_item():
    block = only("- a\n  - b\n    1. c\n    2. d\n  - e\n- f")
    assert block["items"] == [[{"text": "a\n– b\n\u20031. c\n\u20032. d\n– e"}], [{"text": "f"}]]


def test_code_in_a_list_parts_the_list_and_numbering_goes_on():
    found = shape("1. a\n2. b\n\n   ```sh\n   ls\n   ```\n\n   after\n3. c")
    assert [block["t"] for block in found] == ["ol", "code", "p", "ol"]
    assert found[1] == {"t": "code", "text": "ls", "language": "sh"}
    assert found[3]["start"] == 3


def test_a_quotation_keeps_its_paragraphs_and_knows_whom_it_cites():
    block = only("> said\n>\n> — [Someone](https://example.org/s)")
    assert block["cite"] == "https://example.org/s"
    assert plain_text(blocks_of("> said\n>\n> — x")) == "said\n\n— x"
    assert "cite" not in only("> as [they](https://example.org/s) said")


def test_tables_rules_and_code_are_blocks():
    assert only("| a | b |\n|:--|--|\n| `c\\|d` | **e** |") == {
        "t": "table",
        "head": [[{"text": "a"}], [{"text": "b"}]],
        "rows": [[[{"text": "c|d", "code": True}], [{"text": "e", "b": True}]]],
    }
    assert only("***") == {"t": "hr"}
    assert only("```c++ title=x\n\n  a\n\n```") == {"t": "code", "text": "\n  a\n", "language": "c++"}
    assert only('```"><script>\nx\n```') == {"t": "code", "text": "x"}


def test_only_pictures_of_the_post_are_pictures_others_leave_their_words():
    assert only('![ours](cover "A caption")')["url"] == COVER.url
    assert only("![](/media/aa/x.webp)")["alt"] == "A hill"
    assert only("![](https://blog.example/media/aa/x.webp)", own_base_url="https://blog.example")["alt"] == "A hill"
    assert only("a ![spy *pixel*](https://evil.example/p.gif) b")["runs"] == [{"text": "a spy pixel b"}]
    assert [block["t"] for block in shape("before ![x](cover) after")] == ["p", "img", "p"]


def test_footnotes_are_numbered_as_they_appear_and_unknown_marks_vanish():
    found = blocks_of("a [^s1.2]. b[^nope] c [^nope]. d[^s1.1] e[^s1.2]")
    assert [run.text for run in found[0].runs] == ["a", "1", ". b c. d", "2", " e", "1"]
    second, first = found[1], found[2]
    assert [second.label, first.label] == ["1", "2"]
    assert found[0].runs[1].note == second.id
    assert found[0].runs[3].note == first.id
    assert plain_text([first], with_notes=True) == "“The first passage.” — First source"
    assert (first.href, second.href) == ("https://example.org/1", None)


def test_a_footnote_that_a_text_brings_itself_is_not_shown():
    assert shape("a[^x]\n\n[^x]: I was never checked.\n\n    Nor was I.\n\nb") == [
        {"t": "p", "runs": [{"text": "a"}]},
        {"t": "p", "runs": [{"text": "b"}]},
    ]


def test_a_mark_is_never_a_link_even_if_the_text_defines_one():
    assert only("a[^x](https://evil.example)\n\n[^x]: https://evil.example")["runs"] == [
        {"text": "a(https://evil.example)"}
    ]


@pytest.mark.parametrize(
    ("href", "becomes"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("mailto:me@example.org", "mailto:me@example.org"),
        ("/tags/tea", "/tags/tea"),
        ("other-post", "/p/other-post"),
        ("../tags/tea", "/tags/tea"),
        ("https://blog.example/p/x", "/p/x"),
        ("https://blog.example", "/"),
        ("https://blog.example.evil/", "https://blog.example.evil/"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("java&#10;script:alert(1)", None),
        ("&#x6A;avascript:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("file:///etc/passwd", None),
        ("ftp://example.org", None),
        ("//evil.example", None),
        ("..//evil.example", "/evil.example"),
        ("x:y/z", None),
        ("java%0Ascript:alert(1)", None),
        ("javascript%3Aalert(1)", None),
        ("/\\evil.example", "/%5Cevil.example"),
        ("https://good.example@evil.example/", None),
        ("https:///x", None),
        ("http://[::1", None),
        ("#part", None),
        ("?q=1", None),
        ("mailto:a@b.example?bcc=c@d.example", None),
    ],
)
def test_links_are_http_mailto_or_paths(href, becomes):
    run = only(f"[text](<{href}>)", own_base_url="https://blog.example")["runs"][0]
    assert run == ({"text": "text", "href": becomes} if becomes else {"text": "text"})


def test_with_allowed_links_others_become_text():
    allowed = ["https://Example.org/a/", "https://example.org/ü"]
    found = only(
        "[a](https://example.org/a#x) [b](https://example.org/b) [c](/p/c) [d](mailto:a@b.example) "
        "[e](https://example.org/%C3%BC) <https://evil.example/?stolen=1>",
        allowed_links=allowed,
    )
    assert [run.get("href") for run in found["runs"] if run["text"].strip() in {"a", "c", "e"}] == [
        "https://example.org/a#x",
        "/p/c",
        "https://example.org/%C3%BC",
    ]
    assert sum("href" in run for run in found["runs"]) == 3


def test_html_is_words_or_nothing():
    assert only("a <b>c</b> <script>x()</script> List<String> <!-- y -->z")["runs"] == [
        {"text": "a c x() List<String> z"}
    ]
    assert only("<div class=x>\n<p>One</p><p>Two &amp; <i>three</i></p><style>p{}</style></div>")["runs"] == [
        {"text": "One\nTwo & three"}
    ]
    assert shape("<script>\nalert(1)\n</script>") == []


def test_characters_that_xml_cannot_carry_are_left_out():
    assert only("a\x01b\ud800c&#0;d\u202ee\ufffe`f\x02`")["runs"] == [
        {"text": "abc\ufffdde"},
        {"text": "f", "code": True},
    ]


def test_a_text_beyond_measure_is_refused():
    with pytest.raises(InvalidInput, match="at most 1,000,000"):
        to_blocks("x" * 1_000_001)


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "*a " * 10_000 + "b* " * 10_000, "> " * 5_000, "- " * 3_000, "`" * 20_000, "![" * 10_000,
     "<" * 20_000,
     "[^s1.1]" * 5_000, "a **b" * 5_000, "&" * 20_000, "|" * 5_000 + "\n" + "|-" * 2_500],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_hostile_texts_neither_hang_nor_overflow(text):
    began = time.process_time()
    to_html(blocks_of(text))
    assert time.process_time() - began < 10


def test_a_text_that_repeats_itself_thousands_of_times_is_carried_in_time():
    began = time.process_time()
    old, new = to_blocks("***\n\n" * 5_000), to_blocks("a\n\n" + "***\n\n" * 5_001)
    carried = carry_ids(old, new)
    assert time.process_time() - began < 10
    assert len({block.id for block in carried}) == 5_002
    assert {block.id for block in old} <= {block.id for block in carried}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(markdown)
def test_any_markdown_gives_valid_blocks_with_unique_ids_the_same_each_time_and_safe_html(text):
    found = blocks_of(text)
    dumped = BLOCKS.dump_python(found, mode="json")
    assert BLOCKS.validate_python(dumped) == found
    assert max(Counter(block.id for block in found).values(), default=0) <= 1
    assert all(len(block.id) == 8 for block in found)
    assert blocks_of(text) == found
    notes = {block.id for block in found if block.t == "note"}
    runs = [run for block in found for run in getattr(block, "runs", [])]
    assert {run.note for run in runs if run.note} <= notes
    assert dangers(to_html(found)) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), words), max_size=12))
def test_no_word_of_any_list_is_lost(items):
    text = "\n".join(f"{'    ' * depth}{'- ' if is_bullet else '1. '}{item}" for depth, is_bullet, item in items)
    letters = [letter for _, _, item in items for letter in item if not letter.isspace()]
    shown = [letter for letter in plain_text(to_blocks(text)) if letter not in "–-123456789.0" and not letter.isspace()]
    assert shown == letters


PARAGRAPHS = st.lists(words, min_size=1, max_size=12)


@settings(max_examples=200, deadline=None)
@given(PARAGRAPHS, st.data())
def test_unchanged_blocks_keep_their_ids_whatever_happens_to_others(paragraphs, data):
    old = blocks_of("\n\n".join(paragraphs))
    changed = list(paragraphs)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed)))
        match data.draw(st.sampled_from(["insert", "delete", "edit", "move"])):
            case "insert":
                changed.insert(at, data.draw(words))
            case "delete" if changed:
                changed.pop(at % len(changed))
            case "edit" if changed:
                changed[at % len(changed)] += " and more"
            case "move" if changed:
                changed.append(changed.pop(at % len(changed)))
    new = carry_ids(old, blocks_of("\n\n".join(changed)))
    assert max(Counter(block.id for block in new).values(), default=0) <= 1
    before, after = {}, {}
    for into, blocks in ((before, old), (after, new)):
        for block in blocks:
            into.setdefault(fingerprint(block), []).append(block.id)
    for said in before.keys() & after.keys():
        kept = min(len(before[said]), len(after[said]))
        assert len(set(before[said]) & set(after[said])) == kept


def test_an_edited_block_inherits_the_id_of_its_predecessor_through_many_revisions():
    text = "Group commit gathers writes.\n\nThe second paragraph speaks of disks.\n\n## A heading\n\nThe end."
    revision = first = blocks_of(text)
    for edit in (
        "The second paragraph speaks of fast disks.",
        "The second paragraph speaks of very fast disks, at length.",
    ):
        revision = carry_ids(revision, blocks_of(text.replace("The second paragraph speaks of disks.", edit)))
        assert [block.id for block in revision] == [block.id for block in first]
    rewritten = carry_ids(
        revision, blocks_of(text.replace("The second paragraph speaks of disks.", "Quite another story."))
    )
    assert rewritten[1].id not in {block.id for block in first}
    back = carry_ids(rewritten, first)
    assert [back[0].id, back[2].id, back[3].id] == [first[0].id, first[2].id, first[3].id]


def test_a_block_that_comes_back_does_not_take_the_id_of_one_that_was_edited():
    first = blocks_of("The tea is hot and good.")
    edited = carry_ids(first, blocks_of("The tea is hot and very good."))
    both = carry_ids(edited, blocks_of("The tea is hot and very good.\n\nThe tea is hot and good."))
    assert both[0].id == first[0].id
    assert both[1].id != first[0].id


def test_marks_follow_their_note_when_it_is_carried():
    old = blocks_of("A statement[^s1.1].")
    edited = [NoteSource("s1.1", "The first passage, longer.", "First source", "https://example.org/1")]
    new = carry_ids(old, to_blocks("A statement[^s1.1].", edited))
    assert [block.id for block in new] == [block.id for block in old]
    assert new[0].runs[1].note == new[1].id == old[1].id


def test_a_new_note_before_others_changes_no_id():
    old = blocks_of("One.\n\nTwo[^s1.1].")
    new = blocks_of("One[^s1.2].\n\nTwo[^s1.1].")
    assert new[1].id == old[1].id
    assert new[1].runs[1].text == "2"
    assert new[3].id == old[2].id


def test_notes_can_be_read_from_blocks():
    blocks = blocks_of("a[^s1.2] b[^s1.1]")
    again = notes_of(blocks)
    assert again[1] == NoteSource("2", "The first passage.", "First source", "https://example.org/1")
    assert to_blocks("a[^1] b[^2]", again) == blocks
