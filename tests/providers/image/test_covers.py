"""The built-in covers: the same title gives the same picture; titles and pictures of one post differ."""

import hashlib
import io
import subprocess
import sys
import time

import pytest
from PIL import Image

from blogen.errors import ProviderRefused
from blogen.providers.cover_art import FAMILIES, cover
from blogen.providers.cover_art.palettes import PALETTES
from blogen.providers.image.covers import Config, Provider
from blogen.providers.protocols import Drawn, ImageModel, ImageRequest


@pytest.fixture
def covers():
    return Provider("covers", Config())


async def test_a_cover_has_the_size_that_was_ordered_and_costs_nothing(covers):
    drawn = await covers.submit(ImageRequest(prompt="x", title="Tea and patience"))
    assert isinstance(covers, ImageModel)
    assert isinstance(drawn, Drawn)
    picture = Image.open(io.BytesIO(drawn.content))
    assert (picture.size, picture.format, drawn.media_type) == ((1600, 900), "PNG", "image/png")
    assert drawn.usage.cost_usd_micros == 0
    assert covers.is_free
    assert (await covers.check()).ok


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_title_gives_the_same_bytes_also_in_another_process(family):
    here = hashlib.sha256(cover("Bread without hurry", 320, 180, family=family)).hexdigest()
    code = (
        "import hashlib; from blogen.providers.cover_art import cover; "
        f"print(hashlib.sha256(cover('bread  without HURRY', 320, 180, family={family!r})).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


async def test_titles_differ_and_the_pictures_of_one_post_differ(covers):
    orders = [
        ImageRequest(prompt="x", title="Tea", width=320, height=180),
        ImageRequest(prompt="x", title="Coffee", width=320, height=180),
        ImageRequest(prompt="x", title="Tea", key="part-2", width=320, height=180),
        ImageRequest(prompt="only a prompt", width=320, height=180),
    ]
    drawn = [(await covers.submit(order)).content for order in orders]
    assert len(set(drawn)) == len(orders)
    again = await covers.submit(orders[0].model_copy(update={"prompt": "in other words"}))
    assert again.content == drawn[0], "a cover depends on its title alone"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [(800, 450), (600, 800), (320, 90)])
def test_every_family_fills_every_size_with_several_colours(family, size):
    picture = Image.open(io.BytesIO(cover("On walking", *size, family=family, palette="moss")))
    assert picture.size == size
    assert len(picture.convert("RGB").quantize(16).getcolors()) > 4
    assert max(high - low for low, high in picture.getextrema()) > 60


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cover_takes_less_than_a_second_and_a_half_of_the_processor(family):
    begun = time.process_time()
    cover("Learning to read the sky", 1600, 900, family=family)
    assert time.process_time() - begun < 1.5


def test_palettes_run_from_light_to_dark():
    for palette in PALETTES.values():
        lightness = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in palette.ramp]
        assert lightness == sorted(lightness, reverse=True)


@pytest.mark.parametrize("size", [(8, 900), (10_000, 10_000)])
async def test_a_size_that_cannot_be_drawn_is_refused(covers, size):
    with pytest.raises(ProviderRefused, match="cannot be drawn"):
        await covers.submit(ImageRequest(prompt="x", width=size[0], height=size[1]))
