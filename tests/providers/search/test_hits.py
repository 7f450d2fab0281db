"""Hits are plain text and web addresses, whatever an engine sends."""

import pytest

from blogen.providers.hits import (
    MAX_QUERY_CHARACTERS,
    MAX_SNIPPET_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    comparable,
    hits,
    plain_text,
    tidy_query,
    wanted_sites,
    web_address,
    with_sites,
)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("How <strong>tea</strong> keeps", "How tea keeps"),
        ("Tea &amp; &#39;tins&#39;", "Tea & 'tins'"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Tea", "alert(1) Tea"),
        ("a < b and c > d", "a < b and c > d"),
        ("one\r\n\ttwo\x00\x1b[31m\u202eeert", "one two[31meert"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("<<b>b>tea", "< b>tea"),
        (None, ""),
        (["a", "list"], ""),
    ],
)
def test_text_is_shown_without_tags_and_signs_that_act(sent, shown):
    assert plain_text(sent, 100) == shown


def test_text_is_cut_between_words():
    assert plain_text("one two three", 10) == "one two…"
    assert len(plain_text("x" * 100_000, 50)) == 50


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://example.org/",
        "//example.org/",
        "/tea",
        "https://user:secret@example.org/",
        "https://exa mple.org/",
        "https://example.org/\x00",
        "https://[::1",
        "https://example.org:99999/",
        "https:///tea",
        "https://example.org/" + "x" * 2000,
        "",
        7,
        None,
        {"url": "https://example.org"},
    ],
)
def test_what_is_no_address_of_a_web_page_is_left_out(address):
    assert web_address(address) is None
    assert hits([(address, "Title", "")], 10) == []


def test_a_page_that_is_listed_twice_is_one_hit():
    found = hits(
        [
            ("https://www.example.org/tea/?utm_source=x", "First", ""),
            ("http://example.org/tea#part", "Second", ""),
            ("https://example.org/tea?page=2", "Third", ""),
        ],
        10,
    )
    assert [hit.title for hit in found] == ["First", "Third"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://EXAMPLE.org:443/a", "http://example.org/a/"),
        ("https://example.org/a?gclid=1&b=2", "https://example.org/a?b=2"),
    ],
)
def test_addresses_of_one_page_are_comparable(first, second):
    assert comparable(first) == comparable(second)


def test_hits_are_bounded():
    found = hits(((f"https://example.org/{number}", "t" * 9000, "s" * 9000) for number in range(10_000)), 20)
    assert len(found) == 20
    assert len(found[0].title) == MAX_TITLE_CHARACTERS
    assert len(found[0].snippet) == MAX_SNIPPET_CHARACTERS
    assert hits([("no address", "", "")] * 100_000 + [("https://example.org", "Late", "")], 5) == []


def test_a_hit_without_a_title_is_called_by_its_address():
    assert hits([("https://example.org/tea", None, 3)], 10)[0].title == "https://example.org/tea"


def test_a_query_is_one_line_that_every_engine_takes():
    assert tidy_query("tea\n in   tins\u202e") == "tea in tins"
    assert len(tidy_query("tea " * 1000)) <= MAX_QUERY_CHARACTERS
    assert len(tidy_query("x" * 1000)) == MAX_QUERY_CHARACTERS


def test_sites_are_named_in_the_query_and_can_be_taken_out_again():
    query = with_sites("tea tins", ["example.org", "example.com"], ["example.net"])
    assert query == "tea tins (site:example.org OR site:example.com) -site:example.net"
    assert wanted_sites(query) == ("tea tins", ["example.org", "example.com"], ["example.net"])
    assert with_sites("tea", ["example.org"], []) == "tea site:example.org"
    assert with_sites("tea", [f"{number}.example" for number in range(9)], []) == "tea"
    assert wanted_sites("tea (green) OR black") == ("tea (green) OR black", [], [])
    assert len(with_sites("x" * 400, ["example.org"], [])) <= MAX_QUERY_CHARACTERS
