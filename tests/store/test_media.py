"""A medium is whole or not there, is stored once, and no name reaches outside its folder."""

import hashlib
import os
import stat

import pytest

from blogen.errors import InvalidInput, StoreUnavailable
from tests.blog import open_blog

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100


@pytest.fixture
async def blog(tmp_path):
    async with open_blog(tmp_path) as opened:
        yield opened


async def test_a_picture_is_named_by_its_content(blog):
    medium = await blog.media.add(PNG, "image/png", width=10, height=5, made_by="covers")
    digest = hashlib.sha256(PNG).hexdigest()
    assert medium.url == f"/media/{digest}.png"
    file = blog.media.open(medium.name)
    assert file.path == blog.folder / "media" / digest[:2] / f"{digest}.png"
    assert file.path.read_bytes() == PNG
    assert file.media_type == "image/png"
    assert await blog.media.by_name(medium.name) == medium
    assert [path.name for path in file.path.parent.iterdir()] == [medium.name], "no temporary file stays"


async def test_the_same_picture_is_stored_once(blog):
    first = await blog.media.add(PNG, "image/png", made_by="covers")
    path = blog.media.open(first.name).path
    before = path.stat().st_ino
    assert (await blog.media.add(PNG, "image/png", made_by="another")).name == first.name
    assert path.stat().st_ino == before
    assert (await blog.media.by_name(first.name)).made_by == "covers"


async def test_a_file_that_was_cut_short_is_written_again(blog):
    medium = await blog.media.add(PNG, "image/png")
    path = blog.media.open(medium.name).path
    path.write_bytes(PNG[:10])
    await blog.media.add(PNG, "image/png")
    assert path.read_bytes() == PNG


async def test_a_failing_disk_leaves_no_half_file_and_a_remedy(blog, monkeypatch):
    fsync = os.fsync

    def full(descriptor):
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="full"):
        await blog.media.add(PNG, "image/png")
    monkeypatch.undo()
    assert [path for path in (blog.folder / "media").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", ""])
async def test_what_could_carry_a_script_is_refused(blog, media_type):
    with pytest.raises(InvalidInput):
        await blog.media.add(b"<svg/>", media_type)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../blogen.db", "a" * 64, "a" * 64 + ".svg", "a" * 64 + ".png/..", "A" * 64 + ".png",
     "a" * 64 + ".png\n", "a" * 63 + "/.png", "a" * 64 + ".png\x00"],
)  # fmt: skip
async def test_only_names_of_media_are_opened(blog, name):
    assert blog.media.open(name) is None
