"""Addresses are ASCII, short, and always the same for the same title."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blogen.domain.slugs import slugify


@pytest.mark.parametrize(
    ("title", "language", "slug"),
    [
        ("Why group commit makes SQLite fast!", "en", "why-group-commit-makes-sqlite-fast"),
        ("Über Größe & Maß", "de", "ueber-groesse-und-mass"),
        ("Über", "en", "uber"),
        ("L’été à la plage", "fr", "l-ete-a-la-plage"),
        ("It's a dog’s life", "en", "its-a-dogs-life"),
        ("Smörgåsbord på ö", "sv", "smorgasbord-pa-o"),
        ("Привет, объезд мира", "ru", "privet-obezd-mira"),
        ("Київ: їжак і гора", "uk", "kyiv-izhak-i-hora"),
        ("Ελλάδα", "el", "ellada"),
        ("C++ vs. C# & Go", "en", "cpp-vs-csharp-and-go"),
        ("  ...a--b__c...  ", "en", "a-b-c"),
        ("日本語の入門", "ja", "post-67d7308b"),
        ("Python 入門", "ja", "python-568d7897"),
        ("", "en", "post-e3b0c442"),
        ("?!", "en", "post-545f940d"),
    ],
)
def test_titles_become_addresses(title, language, slug):
    assert slugify(title, language) == slug


def test_long_titles_end_with_a_whole_word():
    slug = slugify("considerable " * 20)
    assert slug == "-".join(["considerable"] * 6)
    assert len(slugify("x" * 300)) == 80
    assert len(slugify("入" + "x" * 300)) == 80


def test_different_titles_without_letters_get_different_addresses():
    assert slugify("猫", "ja") != slugify("犬", "ja")


@given(st.text(max_size=400), st.sampled_from(["en", "de", "ja", "fr", "uk", "x-none"]))
def test_every_title_gives_an_address(title, language):
    slug = slugify(title, language)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert 3 <= len(slug) <= 80
    assert slugify(title, language) == slug
