"""A card is drawn whatever its title is, says what made its picture, and keeps its words where they belong."""

from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops

from blogen.providers.cover_art import cover
from blogen.render.card import HEIGHT, WIDTH, Card
from blogen.render.fonts import OWN, SYSTEM, Fonts, can_shape
from blogen.render.pictures import DRAWN_SOURCE_TYPE, MIXED_SOURCE_TYPE, source_type
from blogen.render.social_card import draw

OURS = Fonts(())
"""As in a container: no font but our own."""
CARD = Card("Why group commit makes SQLite fast", "Ada", "Field notes", "Written by AI", "en")
ART = cover("x", 452, 630)
HOSTILE = [
    "</script><script>alert(1)</script> ]]> & \"'",
    "control \x00\x07\x1b\x7f\u2028 characters \ud800 \ufffe",
    "word " * 80,
    "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    "W" * 400,
    "群提交为什么能让数据库更快",
    "لماذا تهمنا الخرائط القديمة",
    "🫖🔋",
    "\u202eevil\u202c \u0301\u0301\u0301",
    "\u00a0",
    "x",
]


def opened(content):
    image = Image.open(BytesIO(content))
    image.load()
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    return image.convert("RGB")


def inked(image):
    """The box of everything that is not paper."""
    paper = Image.new("RGB", image.size, image.getpixel((2, 2)))
    return ImageChops.difference(image, paper).getbbox()


@pytest.mark.parametrize("title", HOSTILE)
def test_every_title_gives_a_card_whose_words_stay_inside_their_column(title):
    card = CARD._replace(title=title, author=title, site=title)
    left, top, right, bottom = inked(opened(draw(card, None, OURS)))
    assert left >= 60
    assert right <= WIDTH - 452 - 40
    assert top >= 40
    assert bottom <= HEIGHT - 30


def test_words_and_picture_change_sides_for_scripts_from_right_to_left():
    plain = opened(draw(CARD, ART, OURS))
    turned = opened(draw(CARD._replace(is_right_to_left=True), ART, OURS))
    strip = plain.crop((WIDTH - 452, 0, WIDTH, HEIGHT))
    assert ImageChops.difference(turned.crop((0, 0, 452, HEIGHT)), strip).getbbox() is None
    assert ImageChops.difference(plain, turned).getbbox()


def test_the_same_card_is_the_same_to_the_byte_and_whatever_it_shows_is_in_its_digest():
    assert draw(CARD, ART, OURS) == draw(CARD, ART, OURS)
    others = [
        CARD._replace(**{name: not value if isinstance(value, bool) else f"{value}!"})
        for name, value in CARD._asdict().items()
    ]
    digests = {card.digest for card in (CARD, *others)}
    assert len(digests) == 1 + len(others)
    assert all(len(digest) == 12 for digest in digests)


def test_a_longer_title_is_written_smaller_and_a_short_one_large():
    def height_of_letters(title):
        image = opened(draw(CARD._replace(title=title, author="", site="", badge=""), None, OURS))
        _, top, _, bottom = inked(image.crop((0, 100, WIDTH - 452, HEIGHT)))
        return bottom - top

    assert height_of_letters("Moss") > 60
    assert height_of_letters("word " * 80) < 400


@pytest.mark.parametrize(
    ("has_ai_art", "by", "kind"),
    [(True, "openai/gpt-image-1", MIXED_SOURCE_TYPE), (False, "covers", DRAWN_SOURCE_TYPE)],
)
def test_a_card_says_how_its_picture_came_to_be(has_ai_art, by, kind):
    card = CARD._replace(has_ai_art=has_ai_art, art_by=by, title='Tea & "more" <b>')
    content = draw(card, None, OURS)
    assert source_type(content) == kind
    assert (b'AISystemUsed="openai/gpt-image-1"' in content) == has_ai_art
    marks = ElementTree.fromstring(Image.open(BytesIO(content)).info["XML:com.adobe.xmp"].strip("\ufeff"))
    assert [found.text for found in marks.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li")] == [card.alt]
    assert card.alt.endswith("Written by AI.")


@pytest.mark.parametrize("art", [b"", b"GIF89a", b"<svg/>", ART[:2000]])
def test_a_picture_that_cannot_be_read_is_left_out(art):
    assert inked(opened(draw(CARD, art, OURS)))[2] <= WIDTH - 452


def test_a_card_is_never_too_large_for_a_messenger():
    noise = Image.effect_noise((452, 630), 200).convert("RGB")
    stream = BytesIO()
    noise.save(stream, "PNG")
    assert len(draw(CARD, stream.getvalue(), OURS)) < 600_000


def test_signs_without_letters_are_left_out_and_a_text_without_a_font_wholly():
    assert OURS.drawable("A 🫖 pot") == "A pot"
    assert OURS.drawable("Почему Ελλάδα ﬁ — “x”") == "Почему Ελλάδα ﬁ — “x”"
    assert OURS.drawable("Tea in 群") == "", "half a title says something else"
    assert OURS.drawable("群提交") == OURS.drawable("لماذا") == ""
    assert OURS.one("abc").path == OWN
    assert OURS.one("群") is None


def test_a_title_that_no_font_has_leaves_it_to_the_picture():
    stream = BytesIO()
    Image.new("RGB", (400, 400), "red").save(stream, "PNG")
    image = opened(draw(CARD._replace(title="群提交"), stream.getvalue(), OURS))
    assert image.getpixel((80, 80)) == image.getpixel((WIDTH - 80, 80)) == (255, 0, 0)
    below = image.crop((0, HEIGHT - 110, WIDTH, HEIGHT))
    left, _, right, _ = inked(below)
    assert (left, right) == pytest.approx((68, WIDTH - 68), abs=4), "whose it is, and what is disclosed"


@pytest.mark.skipif(not can_shape(), reason="Pillow has no FriBiDi here")
@pytest.mark.skipif(Fonts(SYSTEM).of("ש") is None, reason="no font with Hebrew here")
def test_the_systems_fonts_write_what_ours_cannot():
    fonts = Fonts(SYSTEM)
    title = "למה מפות ישנות"
    assert fonts.drawable(title) == title
    face = fonts.one(title)
    assert face is not None
    assert face.path != OWN
    card = CARD._replace(title=title, is_right_to_left=True, language="he", author="", badge="")
    left, top, right, bottom = inked(opened(draw(card, None, fonts)).crop((452, 110, WIDTH, HEIGHT)))
    assert right - left > 200
    assert bottom - top > 30


def test_the_owners_fonts_come_first_and_broken_files_harm_nothing(tmp_path):
    own = OWN.read_bytes()
    (tmp_path / "a.ttf").write_bytes(b"")
    (tmp_path / "b.ttf").write_bytes(b"ttcf\x00\x01\x00\x00\xff\xff\xff\xff")
    (tmp_path / "c.otf").write_bytes(own[:900])
    (tmp_path / "d.ttf").write_bytes(own[:200_000])
    (tmp_path / "e.ttc").mkdir()
    fonts = Fonts((tmp_path, tmp_path / "missing"))
    assert fonts.drawable("群") == ""
    assert draw(CARD._replace(title="Tea 群"), None, fonts)
