"""What the owner has set: kept, live at once, below what the configuration says."""

from contextlib import asynccontextmanager

import pytest

from blogen.config import Config
from blogen.domain.site import SiteChange
from blogen.errors import InvalidInput
from blogen.events import SiteChanged
from blogen.site import Site
from blogen.store.settings import Settings
from tests.blog import open_blog


async def put(settings, values):
    await settings.write(lambda tx: Settings.put_in(tx, values, SiteChanged({})))


@asynccontextmanager
async def open_settings(folder, config=None):
    async with open_blog(folder) as blog:
        settings = Settings(blog.database)
        site = Site(config or Config(), settings, blog.bus)
        await site.load()
        yield blog, settings, site


async def test_a_setting_is_kept_by_its_name_and_another_value_takes_its_place(tmp_path):
    async with open_settings(tmp_path) as (_, settings, _site):
        await put(settings, {"site.title": "Tea", "site.tagline": "ünïcode ☕"})
        await put(settings, {"site.title": "Time"})
        assert await settings.all() == {"site.title": "Time", "site.tagline": "ünïcode ☕"}
        await put(settings, {"site.title": None})
    async with open_settings(tmp_path) as (_, settings, _site):
        assert await settings.all() == {"site.tagline": "ünïcode ☕"}


async def test_a_change_is_live_when_the_event_is_heard_and_after_a_restart(tmp_path):
    async with open_settings(tmp_path) as (blog, _, site):
        seen = []
        blog.bus.subscribe(lambda event: seen.append((event, site.now.title)) if event else None)
        await site.change(SiteChange(title="Tea and Time"))
        assert seen == [(SiteChanged({"title": "Tea and Time"}), "Tea and Time")]
        assert site.now.tagline == Config().site.tagline
    async with open_settings(tmp_path) as (_, _, site):
        assert site.now.title == "Tea and Time"
        await site.change(SiteChange(title=None))
        assert site.now.title == "Blogen"


async def test_what_the_configuration_sets_wins_and_cannot_be_changed(tmp_path):
    async with open_settings(tmp_path) as (_, _, site):
        await site.change(SiteChange(title="Theirs", tagline="Theirs, too"))
    async with open_settings(tmp_path, Config.model_validate({"site": {"title": "Fixed"}})) as (blog, _, site):
        assert (site.now.title, site.now.tagline) == ("Fixed", "Theirs, too")
        assert list(site.fixed) == ["title"]
        blog.heard.clear()
        with pytest.raises(InvalidInput) as refused:
            await site.change(SiteChange(title="Other", tagline="Other"))
        assert "site.title" in refused.value.detail
        assert (site.now.tagline, blog.heard) == ("Theirs, too", [])


async def test_what_this_version_cannot_read_is_passed_over_and_the_rest_holds(tmp_path):
    async with open_settings(tmp_path) as (_, settings, _site):
        await put(settings, {"site.title": "x" * 200, "site.tagline": "Good", "site.hologram": 1, "a.b": []})
        broken = "INSERT INTO settings VALUES ('site.description', '{', 1)"
        await settings.write(lambda tx: tx.execute(broken) and None)
    async with open_settings(tmp_path) as (_, _, site):
        assert (site.now.title, site.now.tagline) == ("Blogen", "Good")
        assert site.now.description == Config().site.description


@pytest.mark.parametrize("title", ["", "  ", "x" * 101, "a\nb", "a\u202eb", "\u200b", "a\x00b"])
def test_a_title_is_one_line_that_can_be_seen(title):
    with pytest.raises(ValueError, match="title"):
        SiteChange(title=title)
