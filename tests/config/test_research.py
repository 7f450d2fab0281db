"""`[research]`: what may be searched for and where."""

import pytest
from pydantic import ValidationError

from blogen.config import ResearchConfig


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("example.org", "example.org"),
        ("*.Example.org.", "example.org"),
        ("www.example.org", "example.org"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
    ],
)
def test_domains_are_kept_in_one_form(written, meant):
    assert ResearchConfig(only_domains=[written]).only_domains == [meant]


@pytest.mark.parametrize("written", ["https://example.org", "example.org/tea", "a b", "", "-x.org", "." * 300, "a..b"])
def test_what_is_no_domain_is_refused(written):
    with pytest.raises(ValidationError, match="expected a domain"):
        ResearchConfig(without_domains=[written])


def test_a_domain_cannot_be_wanted_and_unwanted():
    with pytest.raises(ValidationError, match=r"both name example\.org"):
        ResearchConfig(only_domains=["example.org"], without_domains=["www.example.org"])


@pytest.mark.parametrize("key", [{"queries": 0}, {"queries": 6}, {"results": 0}, {"results": 11}, {"search": "maybe"}])
def test_numbers_and_words_have_their_range(key):
    with pytest.raises(ValidationError):
        ResearchConfig(**key)
