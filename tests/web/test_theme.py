"""The owner's colours, fonts, logo and templates."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from blogen.config import Config, SiteConfig
from blogen.config.load import load
from blogen.domain.site import SiteChange
from blogen.domain.theme import COLOURS, FONTS, INK, PAPER, contrast, legible, mix
from blogen.errors import ConfigError, InvalidInput
from blogen.events import TemplateFailed, TemplatesChanged
from blogen.web import keys, own_templates
from blogen.web.own_templates import OWN_TEMPLATES, notice
from blogen.web.templates import render
from blogen.web.theme import _tokens, look
from tests.web.site import Site, open_site

# -- colours ----------------------------------------------------------------------------------------------------------


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.542, abs=0.001)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert legible("#0b57d0", ["#ffffff"], "#000000") == "#0b57d0"


def test_what_is_built_in_is_what_the_sheet_says():
    tokens = _tokens()
    assert {
        "paper",
        "raised",
        "ink",
        "soft",
        "faint",
        "rule",
        "edge",
        "accent",
        "accent-wash",
        "wrong",
    } <= tokens.keys()
    assert (tokens["paper"], tokens["ink"]) == (PAPER, INK)
    sheet = (Path(__file__).parents[2] / "static" / "reader.css").read_text()
    for token, font in (("serif", "charter"), ("sans", "system")):
        assert f"--{token}: {FONTS[font]};" in sheet
    assert not look(SiteConfig()).declarations()


WILD = [
    {"accent": "#ffff00"},
    {"accent": "#000", "accent_dark": "#000"},
    {"accent": "#fff", "accent_dark": "#fff"},
    {"paper": "#f0d0ff", "ink": "#402060", "accent": "#40ff40"},
    {"paper": "#000", "ink": "#fff", "paper_dark": "#fff", "ink_dark": "#000"},
    {"paper": "#fff", "ink": "#767676"},
    {"paper_dark": "#002b36", "ink_dark": "#93a1a1", "accent": "#268bd2"},
]


@pytest.mark.parametrize("colours", WILD)
def test_whatever_the_owner_likes_can_be_read(colours):
    made = look(SiteConfig(**colours))
    for scheme in (made.light, made.dark):
        texts = ["ink", "soft", "faint", "accent", "wrong", *(name for name in scheme if name.startswith("code-"))]
        for text in texts:
            for ground in ("paper", "raised"):
                assert contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground, scheme)
        assert contrast(scheme["accent"], scheme["accent-wash"]) >= 4.5
        assert contrast(scheme["ink"], scheme["mark"]) >= 4.5
        assert contrast(scheme["edge"], scheme["paper"]) >= 3


def test_an_accent_that_was_moved_is_told_and_one_that_was_not_is_kept():
    made = look(SiteConfig(accent="#0b57d0"))
    assert made.light["accent"] == "#0b57d0"
    [told] = made.told
    assert str(told).startswith("The accent in dark, #0b57d0 would have a contrast of 2.57")
    assert made.dark["accent"] in str(told)


def test_ink_that_cannot_be_read_stops_the_start_with_a_colour_that_can(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[site]\npaper = "#ffffff"\nink = "#777"\naccent = "tomato"\n')
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    [error] = refused.value.errors
    assert error.path == f"{file}:site.accent"
    file.write_text('[site]\npaper = "#ffffff"\nink = "#777"\n')
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    [error] = refused.value.errors
    assert error.path == f"{file}:site"
    assert "#777777 on paper #ffffff has a contrast of 4.47 to 1 in light" in error.message
    assert "#757575 can be read on it" in error.message


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path, data={"dir": tmp_path}) as opened:
        yield opened


def address(page: str) -> str:
    found = re.search(r'<link rel="stylesheet" href="(/theme\.css\?v=[0-9a-f]{12})">', page)
    return found[1] if found else ""


async def test_a_theme_is_a_sheet_of_its_own_for_ever_and_absent_where_nothing_is_set(site):
    assert address((await site.get("/")).text) == ""
    assert (await site.get("/theme.css")).status == 404
    await site.app[keys.SITE].change(SiteChange(accent="#0B57D0", reading_font="old-style"))
    page = (await site.get("/")).text
    first = address(page)
    sheet = await site.get(first)
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "--accent:light-dark(#0b57d0,#5888d5);" in sheet.text
    assert FONTS["old-style"] in sheet.text
    assert "--paper" not in sheet.text, "only what is another"
    await site.app[keys.SITE].change(SiteChange(paper="#ffffff"))
    page = (await site.get("/")).text
    assert address(page) != first
    assert '<meta name="theme-color" content="#ffffff" media="(prefers-color-scheme: light)">' in page
    assert '"background_color": "#ffffff"' in (await site.get("/manifest.webmanifest")).text
    assert (await site.get(first)).headers["Cache-Control"] == "no-cache", "an address of before"
    await site.app[keys.SITE].change(SiteChange(accent=None, paper=None, reading_font=None))
    assert address((await site.get("/")).text) == ""


HOSTILE = ["red", "#12", "#12345", "#1234567", "url(//evil)", "#fff;}body{display:none", "</style>", "#ffg", "", "\0"]


@pytest.mark.parametrize("colour", HOSTILE)
def test_nothing_but_a_colour_is_a_colour(colour):
    for key in COLOURS:
        with pytest.raises(ValueError, match="colour"):
            SiteChange.model_validate({key: colour})


async def test_two_changes_cannot_together_make_what_neither_may(site):
    live = site.app[keys.SITE]
    await live.change(SiteChange(paper="#808080", ink="#000000"))
    with pytest.raises(InvalidInput) as refused:
        await live.change(SiteChange(ink="#303030"))
    [error] = refused.value.errors
    assert error.path == "ink"
    assert (live.now.paper, live.now.ink) == ("#808080", "#000000")


async def test_a_colour_fixed_later_that_does_not_go_with_those_set_takes_their_place(tmp_path):
    async with open_site(tmp_path, data={"dir": tmp_path}) as site:
        await site.app[keys.SITE].change(SiteChange(paper="#808080", ink="#000000", title="Grey"))
    async with open_site(tmp_path, data={"dir": tmp_path}, site={"ink": "#303030"}) as site:
        live = site.app[keys.SITE]
        await live.load()
        assert (live.now.ink, live.now.paper, live.now.title) == ("#303030", None, "Grey")


# -- own templates ----------------------------------------------------------------------------------------------------


def put(site: Site, name: str, text: str | bytes) -> Path:
    path = site.app[OWN_TEMPLATES].folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, ns=(0, path.stat().st_size + hash(text) % 1_000_000))  # also within one tick of the file system
    return path


def look_again(site: Site) -> None:
    """What the server does every other second."""
    notice(site.app)


async def test_an_own_template_comes_before_ours_is_noticed_and_goes_again(site):
    await site.blog.publish("Tea")
    ours = (await site.get("/")).text
    path = put(
        site, "home.html", '{% extends "built-in/home.html" %}{% block title %}Mine & <{{ site.title }}>{% endblock %}'
    )
    look_again(site)
    mine = (await site.get("/")).text
    assert "<title>Mine & <Blogen></title>" in mine
    assert mine.count("Tea") == ours.count("Tea")
    put(
        site,
        "base.html",
        '{% extends "built-in/base.html" %}{% block feeds %}<meta name="mine" content="{{ "<" }}">{% endblock %}',
    )
    look_again(site)
    assert '<meta name="mine" content="&lt;">' in (await site.get("/archive")).text
    path.unlink()
    (site.app[OWN_TEMPLATES].folder / "base.html").unlink()
    look_again(site)
    assert (await site.get("/")).text == ours


BROKEN = [
    ("{% extends 'built-in/home.html' %}\n{% block content %}\n{{ posts[0].nothing.more }}\n{% endblock %}", 3),
    ("one\ntwo\n{% if %}", 3),
    ("{% block a %}{% block a %}", 1),
    ("\n{{ 1 / 0 }}", 2),
    ("\n\n{% include 'not there.html' %}", 3),
    ("{% extends 'home.html' %}", 1),
    (b"\xff\xfe\x00", 1),
    ("\n{{ undefined_thing }}", 2),
    ("\n{{ ''|nofilter }}", 2),
]


async def test_a_mistake_in_one_shows_ours_and_tells_file_and_line_once(site):
    await site.blog.publish("Tea")
    ours = (await site.get("/")).text
    for text, line in BROKEN:
        path = put(site, "home.html", text)
        look_again(site)
        site.blog.heard.clear()
        for _ in range(2):
            page = await site.get("/")
            assert (page.status, page.text) == (200, ours), text
            site.blog.bus.publish(TemplatesChanged(()))
        [told] = [event for event in site.blog.heard if isinstance(event, TemplateFailed)]
        assert (told.file, told.line) == (str(path), line), text
        assert told.detail
    put(site, "home.html", "Mended")
    look_again(site)
    assert (await site.get("/")).text == "Mended"


async def test_the_studio_mail_and_accounts_cannot_be_taken_over_by_a_file(site):
    said = {"title": "Note", "paragraphs": ["Said."], "onward": "/", "onward_words": "On", "script": ""}
    ours = render(site.app, "people/note.html", **said)
    for name in ("people/note.html", "people/base.html", "studio/base.html", "built-in/error.html", "feed.xml"):
        put(site, name, "taken over")
    put(site, "error.html", '{% extends "built-in/error.html" %}')
    look_again(site)
    assert render(site.app, "people/note.html", **said) == ours
    for path in ("/feed.xml", "/nothing-here"):
        assert "taken over" not in (await site.get(path)).text


async def test_a_changed_template_is_noticed_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(own_templates, "LOOK_SECONDS", 0.01)
    async with open_site(tmp_path, data={"dir": tmp_path}) as site:
        assert "Mine" not in (await site.get("/")).text
        noticed = asyncio.Event()
        site.blog.bus.subscribe(lambda event: noticed.set() if isinstance(event, TemplatesChanged) else None)
        put(site, "empty.html", "Mine")
        await asyncio.wait_for(noticed.wait(), 10)
        assert (await site.get("/")).text == "Mine"


def test_a_folder_without_templates_costs_next_to_nothing(tmp_path):
    own = own_templates.OwnTemplates(tmp_path / "templates" / "reader")
    assert own.look() is False
    assert own.look() is False


def test_the_documentation_names_every_font_and_colour():
    text = (Path(__file__).parents[2] / "docs" / "THEMES.md").read_text("utf-8")
    assert [name for name in (*FONTS, *COLOURS) if f"`{name}`" not in text] == []
    assert Config().site.reading_font == "charter"
