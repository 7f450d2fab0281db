"""The HTML of a post: what it says to people and their software, and what it never says."""

import lxml.html
import nh3
import pytest
from hypothesis import HealthCheck, given, settings

from blogen.domain.post import BulletList, Code, Heading, Image, Note, NumberedList, Paragraph, Quote, Rule, Run, Table
from blogen.domain.post_summary import Picture
from blogen.render.highlight import BACKGROUND, classes, highlight, highlight_css
from blogen.render.html import to_html
from blogen.render.markdown import NoteSource, notes_of, to_blocks
from blogen.render.markdown_writer import to_markdown
from blogen.render.text import plain_text
from tests.render.danger import dangers
from tests.render.strategies import markdown
from tests.render.vectors import MARKUP, SCRIPT_ADDRESSES, VECTORS

COVER = Picture(
    key="cover",
    url="/media/aa/x.webp",
    width=1600,
    height=900,
    alt="A hill",
    placeholder="data:image/webp;base64,AAAA",
    srcset="/media/aa/w400.webp 400w, /media/aa/x.webp 1600w",
)
NOTES = [NoteSource("s1.1", "A passage.", "A source", "https://example.org/1")]


def page(text, **how):
    return to_html(to_blocks(text, NOTES, pictures={"cover": COVER}), **how)


def tree(html):
    return lxml.html.fragment_fromstring(html, create_parent="main")


def test_every_block_is_an_anchor():
    blocks = to_blocks(
        "## a\n\nb\n\n> c\n\n- d\n\n1. e\n\n```\nf\n```\n\n![](cover)\n\n***\n\n|g|\n|-|\n", pictures={"cover": COVER}
    )
    ids = {element.get("id") for element in tree(to_html(blocks)).iter() if element.get("id")}
    assert ids == {f"b-{block.id}" for block in blocks}
    assert len(blocks) == 9


def test_a_picture_has_its_size_its_variants_and_its_words():
    image = tree(page('![A "hill" <b>](cover "Seen from the south")')).find(".//img")
    assert dict(image.attrib) == {
        "src": COVER.url,
        "srcset": COVER.srcset,
        "sizes": "(min-width: 48rem) 44rem, 100vw",
        "width": "1600",
        "height": "900",
        "alt": 'A "hill"',
        "loading": "lazy",
        "decoding": "async",
        "data-placeholder": COVER.placeholder,
    }
    assert image.getparent().tag == "figure"
    assert image.getparent().findtext("figcaption") == "Seen from the south"


def test_footnotes_lead_there_and_back():
    found = tree(page("One[^s1.1]. Two[^s1.1].", language="de"))
    marks = found.findall(".//a[@role='doc-noteref']")
    backs = found.findall(".//a[@role='doc-backlink']")
    by_id = {element.get("id"): element for element in found.iter() if element.get("id")}
    assert [mark.text for mark in marks] == ["1", "1"]
    assert {by_id[mark.get("href")[1:]].tag for mark in marks} == {"li"}
    assert [by_id[back.get("href")[1:]] for back in backs] == marks
    assert [back.get("aria-label") for back in backs] == ["Zurück zum Text, 1 (1)", "Zurück zum Text, 1 (2)"]
    section = found.find(".//section[@role='doc-endnotes']")
    assert section.find("h2").text == "Anmerkungen"
    assert by_id[section.get("aria-labelledby")] is section.find("h2")


def test_tables_and_code_can_be_scrolled_by_keyboard():
    found = tree(page("|a|\n|-|\n|b|\n\n|c|\n|-|\n\n```python\nx = 1\n```"))
    assert [box.get("aria-label") for box in found.findall("div[@role='region']")] == ["Table 1", "Table 2"]
    assert {box.get("tabindex") for box in [*found.findall("div"), *found.findall("pre")]} == {"0"}
    assert found.find(".//th").get("scope") == "col"


def test_code_is_marked_by_classes_and_reads_the_same():
    code = "\n\tdef f(x):\n    return '<b>' + x & 1  # \"no\"\n\n"
    found = tree(to_html([Code(id="a", text=code, language="python")]))
    assert found.find("pre").text_content() == code
    assert found.find("pre").get("data-language") == "python"
    assert {span.get("class") for span in found.iter("span")} <= classes()
    assert "style" not in to_html([Code(id="a", text=code, language="python")])
    assert highlight("<x>", "no-such-language") == "&lt;x&gt;"
    assert "<span" not in highlight("x = 1\n" * 4000, "python")


def test_links_to_the_outside_are_told_apart_and_neighbours_in_a_link_are_one_link():
    found = tree(page("[a **b** `c`](https://example.org) [d](/p/d)"))
    outside, own = found.findall(".//a")
    assert outside.text_content() == "a b c"
    assert outside.get("rel") == "noopener nofollow ugc"
    assert own.get("rel") is None


def test_for_feeds_addresses_are_absolute_and_there_are_no_anchors():
    html = page("[d](/p/d) ![](cover) a[^s1.1]", base_url="https://blog.example/", with_ids=False)
    assert 'href="https://blog.example/p/d"' in html
    assert 'src="https://blog.example/media/aa/x.webp"' in html
    assert "https://blog.example/media/aa/w400.webp 400w" in html
    assert " id=" not in html
    assert 'href="#' not in html


def test_a_quotation_names_its_source():
    quote = tree(page("> said\n>\n> — [Someone](https://example.org/s)")).find("blockquote")
    assert quote.get("cite") == "https://example.org/s"
    assert quote[-1].get("class") == "said-by"


@pytest.mark.parametrize("vector", VECTORS)
def test_an_attack_in_markdown_comes_out_harmless(vector):
    line = vector.replace("\n", " ")
    text = "\n\n".join(
        [
            vector, f"# {line}", f"a {line} b", f"> {line}", f"- {line}\n  - {line}", f"1. {line}",
            f"| {line} |\n|---|\n| {line} |",
            f"[x]({line})", f"[x](<{line}>)", f"[{line}](https://example.org)", f"[x](https://example.org '{line}')",
            f"<{line}>", f"![{line}]({line})", f"![{line}](cover '{line}')", f"![x](<{line}>)",
            f"[x][y]\n\n[y]: {line}",
            f"`{line}`", f"```{line}\n{vector}\n```", f"    {line}", f"[^s1.1] [^{line}]", f"[^{line}]: {vector}",
            f"**{line}** _{line}_", f"<div>\n{vector}\n</div>", f"<!-- {vector} -->", vector,
        ]
    )  # fmt: skip
    notes = [NoteSource("s1.1", vector, vector, vector)]
    picture = COVER.model_copy(update={"alt": vector})
    blocks = to_blocks(text, notes, pictures={"cover": picture})
    assert dangers(to_html(blocks)) == []
    assert dangers(to_html(to_blocks(to_markdown(blocks), notes_of(blocks), pictures={"cover": picture}))) == []


@pytest.mark.parametrize("vector", VECTORS)
def test_an_attack_in_blocks_from_elsewhere_comes_out_harmless(vector):
    runs = [
        Run(text=vector, href=vector), Run(text=vector, note=vector), Run(text=vector, b=True, i=True, code=True),
        Run(text=vector, href=f"https://example.org/{vector}"), Run(text=vector, note="n"),
    ]  # fmt: skip
    blocks = [
        Paragraph(id=vector, runs=runs), Heading(id=vector, level=2, runs=runs),
        Quote(id=vector, runs=runs, cite=vector),
        BulletList(id=vector, items=[runs]), NumberedList(id=vector, items=[runs], start=-7),
        Code(id=vector, text=vector, language=vector), Code(id=vector, text=vector, language="html"),
        Image(id=vector, url=vector, width=-1, height=1, alt=vector, placeholder=vector, srcset=vector, caption=vector),
        Image(id=vector, url="/media/x.webp", width=1, height=1, alt=vector, placeholder=vector, caption=vector,
              srcset=f"{vector} 1x, /media/x.webp 2x, {vector}"),
        Rule(id=vector), Table(id=vector, head=[runs], rows=[[runs]]),
        Note(id="n", label=vector, runs=runs, href=vector),
    ]  # fmt: skip
    html = to_html(blocks)
    assert dangers(html) == []
    assert dangers(to_html(to_blocks(to_markdown(blocks)))) == []


@pytest.mark.parametrize("vector", MARKUP)
def test_the_allow_list_holds_even_if_escaping_failed(vector, monkeypatch):
    monkeypatch.setattr("blogen.render.html._text", lambda text: text)
    blocks = [Paragraph(id="a", runs=[Run(text=vector), Run(text=vector, href="https://example.org")])]
    worst = [danger for danger in dangers(to_html(blocks)) if not danger.startswith(("remote picture", "img src"))]
    assert [danger for danger in worst if danger != "a href=#" and "outside link" not in danger] == []


@pytest.mark.parametrize("vector", MARKUP)
def test_what_comes_out_is_read_again_as_what_it_is(vector):
    html = page(f"{vector}\n\n`{vector}`\n\n- {vector}")
    again = nh3.clean(html, tags={element.tag for element in tree(html).iter()} | {"p"}, attributes={"*": {"x"}})
    assert dangers(again) == []
    assert lxml.html.tostring(tree(html), encoding="unicode") == lxml.html.tostring(
        tree(lxml.html.tostring(tree(html), encoding="unicode").removeprefix("<main>").removesuffix("</main>")),
        encoding="unicode",
    )


def test_the_walker_itself_finds_what_it_is_meant_to_find():
    for bad in (
        "<script>x</script>",
        "<p onclick=x>",
        "<a href='javascript:x'>",
        "<a href='//x'>",
        "<img src='https://x/y'>",
    ):
        assert dangers(bad)
    assert len(SCRIPT_ADDRESSES) + len(MARKUP) > 180


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(markdown)
def test_markdown_written_from_blocks_says_the_same(text):
    blocks = to_blocks(text, NOTES, pictures={"cover": COVER})
    again = to_blocks(to_markdown(blocks), notes_of(blocks), pictures={"cover": COVER})
    assert spoken(again) == spoken(blocks)
    assert [block.t for block in again] == [block.t for block in blocks]


def spoken(blocks):
    return ["".join(plain_text([block], with_notes=True).split()) for block in blocks]


def test_markdown_written_from_blocks_keeps_marks_lists_and_notes():
    text = (
        "## A *b*\n\nOne **two *three*** `fo``ur` [five](https://example.org/a_(b))[^1]. 1\\. \\# \\*\n\n"
        "- a\n- b\\\n  – c\n\n* d\n\n3. e\n4. f\n\n````md\n```\nx\n```\n````\n\n| a\\|b | `c\\|d` |\n| --- | --- |\n"
        "| e | **f** |\n\n> g\n>\n> h\n\n***\n\n# not a heading 1\n"
    )
    blocks = to_blocks(text, [NoteSource("1", "A passage.", "A source", "https://example.org/1")])
    assert to_blocks(to_markdown(blocks), notes_of(blocks)) == blocks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_is_readable_in_light_and_dark(scheme):
    import re

    css = highlight_css(scheme)
    colours = re.findall(r"(?<!-)color: (#[0-9a-f]{6})", css)
    assert len(colours) > 6
    assert all(contrast(colour, BACKGROUND[scheme]) >= 4.5 for colour in colours)
    assert "pre.code .k" in css
    assert ".x .k" in highlight_css(scheme, scope=".x")


def contrast(one, other):
    """WCAG's contrast ratio."""

    def luminance(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
