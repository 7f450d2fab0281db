"""The owner's page about the site: its name, its look, its logo."""

import json
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image

from blogen.domain.person import Scope
from blogen.domain.site import SiteChange
from blogen.events import MediumDropped, SiteChanged
from blogen.web import keys
from blogen.web.own_templates import OWN_TEMPLATES
from tests.web.people import Browser, PeopleSite, open_people_site

PAGE = "/studio/settings"
NAME, LOOK, LOGO = f"{PAGE}/name", f"{PAGE}/look", f"{PAGE}/logo"


@pytest.fixture
async def site(tmp_path) -> AsyncIterator[PeopleSite]:
    async with open_people_site(tmp_path) as opened:
        await opened.person("owner", role=Scope.ADMIN)
        yield opened


@pytest.fixture
async def browser(site) -> Browser:
    return await site.signed_in("owner")


def picture(width: int = 800, height: int = 200, form: str = "PNG", mode: str = "RGBA") -> bytes:
    content = BytesIO()
    Image.new(mode, (width, height), (200, 20, 20, 0)[: len(mode)]).save(content, form)
    return content.getvalue()


async def test_a_new_name_stands_on_every_page_at_once(site, browser):
    assert "Blogen" in (await site.browser().get("/")).text
    done = await browser.submit(NAME, {"title": "Tea & <Time>", "tagline": "", "description": "On\ntea"}, page=PAGE)
    assert (done.status, done.location) == (303, f"{PAGE}?said=name")
    assert "The name is saved" in (await browser.get(done.location)).words
    home = (await site.browser().get("/")).text
    assert "Tea &amp; &lt;Time&gt;" in home
    assert "<Time>" not in home
    live = site.app[keys.SITE].now
    assert (live.title, live.tagline, live.description) == ("Tea & <Time>", "", "On\ntea")


async def test_what_is_wrong_with_a_name_stands_beside_it_and_nothing_is_kept(site, browser):
    sent = {"title": "", "tagline": "x" * 201, "description": "kept as typed"}
    page = await browser.submit(NAME, sent, page=PAGE)
    assert page.status == 422
    assert "The title must have at least 1 characters" in page.words
    assert "The tagline must have at most 200 characters, found 201" in page.words
    assert page.forms[NAME]["description"] == "kept as typed"
    assert [event for event in site.blog.heard if isinstance(event, SiteChanged)] == []


async def test_what_the_configuration_sets_is_shown_as_fixed_and_ignored_if_it_is_sent(tmp_path):
    async with open_people_site(tmp_path, site={"title": "Fixed", "accent": "#0b57d0"}) as site:
        await site.person("owner", role=Scope.ADMIN)
        browser = await site.signed_in("owner")
        page = await browser.get(PAGE)
        assert "Set in site.title" in page.words
        assert "title" not in page.forms[NAME]
        assert "accent" not in page.forms[LOOK]
        assert (await browser.submit(NAME, {"title": "Other", "tagline": "New"}, page=PAGE)).status == 303
        assert (await browser.submit(LOOK, {"accent": "#ff0000", "ink": "#111111"}, page=PAGE)).status == 303
        live = site.app[keys.SITE].now
        assert (live.title, live.tagline, live.accent, live.ink) == ("Fixed", "New", "#0b57d0", "#111111")


async def test_a_look_is_saved_told_and_taken_back(site, browser):
    sent = {"accent": "#FC0", "reading_font": "old-style", "interface_font": "humanist"}
    done = await browser.submit(LOOK, sent, page=PAGE)
    assert done.location == f"{PAGE}?said=look#look"
    page = await browser.get(PAGE)
    assert page.forms[LOOK]["accent"] == "#ffcc00"
    assert "The accent in light, #ffcc00 would have a contrast of 1." in page.words
    assert '<option value="old-style" selected>' in page.text
    assert "/theme.css?v=" in (await site.browser().get("/")).text
    await browser.submit(LOOK, {"accent": "", "reading_font": "charter", "interface_font": "system"}, page=PAGE)
    assert "/theme.css?v=" not in (await site.browser().get("/")).text


async def test_a_look_that_cannot_be_read_or_is_none_is_refused_beside_its_field(site, browser):
    page = await browser.submit(LOOK, {"paper": "#ffffff", "ink": "#777777"}, page=PAGE)
    assert page.status == 422
    assert "#777777 on paper #ffffff has a contrast of 4.47 to 1 in light" in page.words
    assert page.forms[LOOK]["ink"] == "#777777"
    page = await browser.submit(LOOK, {"accent": "}body{display:none", "reading_font": "comic"}, page=PAGE)
    assert page.status == 422
    assert "The accent must be a colour such as #8f3d1c." in page.words
    assert "The reading_font must be" in page.words
    assert site.app[keys.SITE].now.paper is None


async def test_trying_a_look_shows_it_and_saves_nothing(site, browser):
    page = await browser.submit(LOOK, {"accent": "#0b57d0", "try": "1"}, page=PAGE)
    assert page.status == 200
    assert page.forms[LOOK]["accent"] == "#0b57d0"
    assert "/studio/settings/preview.css?accent=%230b57d0&amp;" in page.text
    assert site.app[keys.SITE].now.accent is None


async def test_the_preview_is_a_sheet_for_one_place_and_whatever_is_asked_for_stays_css(site, browser):
    sheet = await browser.get(f"{PAGE}/preview.css?accent=%230b57d0&paper=}}*{{x:y&ink=%23777&reading_font=slab&junk=1")
    assert sheet.status == 200
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert sheet.headers["Cache-Control"] == "no-store"
    assert sheet.text.startswith(".look{")
    assert sheet.text.count("{") == sheet.text.count("}") == 1
    assert "--accent:light-dark(#0b57d0," in sheet.text
    assert "Rockwell" in sheet.text
    notes = json.loads((await browser.get(f"{PAGE}/preview.json?ink=%23777&accent=%23ff0")).body)
    assert notes[0].startswith("#777777 on paper #fcfbf8")
    assert any(note.startswith("The accent in light, #ffff00") for note in notes)


async def test_a_logo_is_written_anew_shown_replaced_and_removed(site, browser):
    assert (await browser.upload(LOGO, {}, picture(3000, 750), page=PAGE)).location == f"{PAGE}?said=logo#logo"
    first = site.app[keys.SITE].logo
    assert (first.width, first.height, first.is_wide) == (640, 160, True)
    home = (await site.browser().get("/")).text
    assert f'<img class="logo" src="/media/{first.name}" alt="Blogen" width="640" height="160">' in home
    with Image.open(site.blog.media.open(first.name).path) as stored:
        assert (stored.format, stored.mode, stored.getpixel((5, 5))[3]) == ("WEBP", "RGBA", 0)
    await browser.upload(LOGO, {}, picture(90, 90, "JPEG", "RGB"), page=PAGE)
    second = site.app[keys.SITE].logo
    assert not second.is_wide
    assert "<span>Blogen</span>" in (await site.browser().get("/")).text
    assert MediumDropped(first.name) in site.blog.heard
    form = await browser.form(PAGE, LOGO)
    await browser.upload(LOGO, form | {"remove": "1"}, b"", page=PAGE)
    assert site.app[keys.SITE].logo is None
    assert not site.blog.media.open(second.name).path.exists()


async def test_a_logo_that_is_somebodys_portrait_too_stays_theirs(site, browser):
    await browser.upload(LOGO, {}, picture(90, 90), page=PAGE)
    logo = site.app[keys.SITE].logo
    [owner] = await site.people.list_people()
    await site.people.set_avatar(owner.id, logo.name)
    await site.people.set_avatar(owner.id, None)
    assert await site.blog.media.by_name(logo.name), "the logo shows it"
    await site.people.set_avatar(owner.id, logo.name)
    await site.app[keys.SITE].change(SiteChange(logo=None))
    assert await site.blog.media.by_name(logo.name), "the portrait shows it"


async def test_what_is_no_picture_is_refused_with_a_sentence(site, browser):
    for content in (b"", b"<svg onload=alert(1)>", b"GIF89a", picture()[:60]):
        page = await browser.upload(LOGO, {}, content, page=PAGE)
        assert page.status == 422
        assert 'class="wrong"' in page.text
    assert site.app[keys.SITE].logo is None


async def test_own_templates_and_what_is_wrong_in_them_are_shown(site, browser):
    folder = site.app[OWN_TEMPLATES].folder
    folder.mkdir(parents=True)
    (folder / "empty.html").write_text("\n{% nonsense %}")
    ours = (await site.browser().get("/")).text
    page = await browser.get(PAGE)
    assert "In use: empty.html" in page.words
    assert (await site.browser().get("/")).text == ours
    page = await browser.get(PAGE)
    assert f"{folder}/empty.html, line 2: Encountered unknown tag" in page.words.replace("&#39;", "'")
    (folder / "empty.html").write_text("Mended, and longer than before.")
    await browser.get(PAGE)
    assert (await site.browser().get("/")).text == "Mended, and longer than before.", "who looks there tells the pages"


async def test_only_admins_see_it_and_no_other_site_changes_anything(site, browser):
    others = [site.browser()]
    for role in (Scope.READER, Scope.AUTHOR):
        await site.person(role, role=role)
        others.append(await site.signed_in(role))
    for path in (PAGE, f"{PAGE}/preview.css", f"{PAGE}/preview.json"):
        assert [(await other.get(path)).status for other in others] == [303, 403, 403]
    for path in (NAME, LOOK):
        form = await browser.form(PAGE, path) | {"title": "Evil", "accent": "#ff0000"}
        assert (await browser.post(path, form, Origin="https://evil.example")).status == 403
        assert (await browser.post(path, form | {"form": "0" * 64})).status == 403
        assert [(await other.post(path, form)).status for other in others] == [303, 403, 403]
    assert [event for event in site.blog.heard if isinstance(event, SiteChanged)] == []
