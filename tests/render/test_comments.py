"""Comments as Markdown: a few things are kept, all else is plain text, and nothing deceives."""

import contextlib
import json
import time

import pytest
from hypothesis import given

from blogen.errors import InvalidInput
from blogen.render.comments import comment_text, plain_note, tidy
from tests.render.danger import dangers
from tests.render.strategies import markdown
from tests.render.vectors import SCRIPT_ADDRESSES, VECTORS

MAX = 10_000
KEPT = {"p", "em", "strong", "code", "pre", "a", "blockquote", "ul", "ol", "li", "br"}


def html(text: str) -> str:
    return comment_text(text, max_chars=MAX).html


def tags(text: str) -> set[str]:
    import lxml.html

    tree = lxml.html.fragment_fromstring(text, create_parent="main")
    return {str(element.tag) for element in tree.iterdescendants()}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a *b* **c** `d`", "<p>a <em>b</em> <strong>c</strong> <code>d</code></p>"),
        ("> said", "<blockquote><p>said</p></blockquote>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("# no heading", "<p>no heading</p>"),
        ("![no picture](https://evil.example/x.png)", "<p>no picture</p>"),
        ("<b>no</b> <i onclick=x>html</i>", "<p>no html</p>"),
        ("a\n\n---\n\nb", "<p>a</p>\n<p>b</p>"),
        ("| a | b |\n|---|---|\n| c | d |", "<p>a | b</p>\n<p>c | d</p>"),
        ("[us](/p/tea) [mail](mailto:a@b.example) [x](javascript:1)", "<p>us mail x</p>"),
        ("mark[^1]", "<p>mark</p>"),
        ("<script>alert(1)</script>x", "<p>x</p>"),
    ],
)
def test_what_is_kept_and_what_becomes_text(said, shown):
    assert html(said) == shown


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("see https://example.org/a_(b).", "https://example.org/a_(b)"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("[here](https://example.org)", "https://example.org"),
        ("<https://example.org/?a=1&b=2>", "https://example.org/?a=1&amp;b=2"),
    ],
)
def test_links_lead_out_and_say_whose_they_are(said, address):
    assert f'<a href="{address}" rel="noopener nofollow ugc">' in html(said)


@pytest.mark.parametrize("said", ["`https://example.org`", "https://", "https://a@b.example/", "ftp://example.org"])
def test_what_is_no_link_stays_text(said):
    assert "<a" not in html(said)


def test_the_blocks_say_the_same():
    made = comment_text("Hello **you**\n\n- a", max_chars=MAX)
    blocks = json.loads(made.blocks)
    assert [(one["t"], one.get("runs") or one["items"]) for one in blocks] == [
        ("p", [{"text": "Hello "}, {"text": "you", "b": True}]), ("ul", [[{"text": "a"}]]),
    ]  # fmt: skip
    assert all(one["id"] for one in blocks)


@pytest.mark.parametrize("vector", VECTORS)
def test_attacks_are_inert(vector):
    for said in (
        vector,
        f"x {vector}",
        f"[x]({vector})",
        f"`{vector}`",
        f"```\n{vector}\n```",
        f"- {vector}",
        f"> {vector}",
    ):
        try:
            made = comment_text(said, max_chars=MAX)
        except InvalidInput:
            continue
        assert dangers(made.html) == []
        assert tags(made.html) <= KEPT


@pytest.mark.parametrize("address", SCRIPT_ADDRESSES)
def test_no_script_address_is_a_link(address):
    made = comment_text(f"[x]({address}) <{address}> {address}", max_chars=MAX)
    for block in json.loads(made.blocks):
        for run in block.get("runs", ()):
            assert run.get("href", "https://").lower().startswith(("http://", "https://"))


@given(markdown)
def test_whatever_is_written_only_what_is_kept_comes_out(said):
    try:
        made = comment_text(said, max_chars=MAX)
    except InvalidInput:
        return
    assert tags(made.html) <= KEPT
    assert dangers(made.html) == []
    assert len(made.markdown) <= MAX
    assert tidy(made.markdown) == made.markdown


@pytest.mark.parametrize(
    ("said", "tidied"),
    [
        ("good\u202elive", "goodlive"), ("\u2066a\u2069", "a"), ("a\u00adb", "ab"), ("\ufeffa", "a"),
        ("a\x00\x1b[31m", "a[31m"),
        ("hi\U000e0068\U000e0069", "hi"), ("a\r\nb\rc", "a\nb\nc"), ("a" + "\n" * 50 + "b", "a\n\n\nb"),
        ("e\u0301", "é"), ("z" + "\u0335" * 500, "z" + "\u0335" * 8),
        ("a" + "\u200d" * 100 + "b", "a" + "\u200d" * 8 + "b"),
    ],
)  # fmt: skip
def test_what_deceives_is_taken_out(said, tidied):
    assert tidy(said) == tidied


@pytest.mark.parametrize(
    "said",
    ["👨‍👩‍👧‍👦 ❤️", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
     "נִקּוּד", "สวัสดี", "می‌خواهم", "Tiếng Việt", "हिन्दी"]
)  # fmt: skip
def test_what_people_really_write_is_left_alone(said):
    assert tidy(said) == said


@pytest.mark.parametrize(
    "said", ["", "  \n", "\u200b\u200d", "\u2800", "\u3164\u115f", "***", "![](x)", "<!-- x -->", "> "]
)
def test_what_says_nothing_is_refused(said):
    with pytest.raises(InvalidInput, match="nothing"):
        comment_text(said, max_chars=MAX)


@pytest.mark.parametrize("said", ["\u200b", " "])
def test_an_empty_note_is_refused(said):
    with pytest.raises(InvalidInput, match="`note` says nothing"):
        plain_note("note", said, max_chars=10)


@pytest.mark.parametrize(
    "piece",
    ["[", "![[", "*a_ ", ">", "``a", "[a](b", "<a ", "- ", "*_", "&", "\\", "|a", "a\n\n", "e\u0301\u0316", "[a]: b\n"],
)
def test_no_text_takes_long(piece):
    begun = time.process_time()
    with contextlib.suppress(InvalidInput):
        comment_text((piece * MAX)[:MAX], max_chars=MAX)
    assert time.process_time() - begun < 5
