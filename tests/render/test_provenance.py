"""What a post says about its making follows from how it was made."""

import json

import pytest

from blogen.domain.post_summary import Picture, PostAuthor, PostSource, PostSummary, Provenance
from blogen.render.provenance import byline, digital_source_type, disclosure, json_ld, meta_tags, script_text


def post(*, title="Tea", made_by="image.main/m", **provenance):
    how = {"disclosure": "ai-autonomous", "text": ["text.main/m"], "images": [], "cost_usd": "0.000000", **provenance}
    return PostSummary(
        slug="tea", url="/p/tea", title=title, summary="About tea.", language="en", words=900, reading_minutes=5,
        author=PostAuthor(handle="ada", name="Ada"), tags=["tea"], images=[],
        cover=Picture(key="cover", url="/media/aa/x.webp", width=16, height=9, alt="A pot", made_by=made_by),
        sources=[
            PostSource(title="S", url="https://example.org/s", quotes=["q"]),
            PostSource(title="T", url=None, quotes=[]),
        ],
        provenance=Provenance(**how), published_at=1_767_225_600_000, updated_at=1_767_225_660_000,
    )  # fmt: skip


def test_the_disclosure_follows_from_the_workflow():
    assert disclosure(reviewed_by_person=False, wrote_with_ai=True) == "ai-autonomous"
    assert disclosure(reviewed_by_person=True, wrote_with_ai=True) == "ai-assisted"
    assert disclosure(reviewed_by_person=True, wrote_with_ai=False) == "none"
    assert disclosure(reviewed_by_person=False, wrote_with_ai=False) == "none"


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pt"])
def test_the_byline_has_its_own_words_for_every_way_in_every_language(language):
    ways = [
        Provenance(disclosure=how, text=makers, images=[], cost_usd="0.000000")
        for how, makers in (
            ("ai-autonomous", ["text.main/m"]), ("ai-assisted", ["text.main/m"]), ("ai-autonomous", ["extractive"]),
            ("ai-assisted", ["extractive"]), ("none", []),
        )
    ]  # fmt: skip
    words = [byline(way, language) for way in ways]
    assert len(set(words)) == len(ways)
    assert all(sentence.endswith(".") for sentence in words)
    assert (words == [byline(way, "en") for way in ways]) == (language == "en")
    assert byline(ways[0], f"{language}-XX") == words[0]


def test_an_unknown_language_gets_english_words():
    assert byline(post().provenance, "tlh") == "Written by AI. No person reviewed it before publication."


@pytest.mark.parametrize(
    ("how", "term"),
    [
        ({}, "trainedAlgorithmicMedia"),
        ({"disclosure": "ai-assisted"}, "trainedAlgorithmicMedia"),
        ({"disclosure": "ai-assisted", "human_edits": 2}, "compositeWithTrainedAlgorithmicMedia"),
        ({"text": ["extractive"]}, "algorithmicMedia"),
        ({"text": ["extractive", "text.main/m"]}, "trainedAlgorithmicMedia"),
        ({"text": []}, "trainedAlgorithmicMedia"),
    ],
)
def test_the_source_type_of_the_text_follows_from_its_makers(how, term):
    assert digital_source_type(post(**how).provenance) == f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    assert json_ld(post(**how), "https://b.example")["digitalSourceType"] == (
        f"https://schema.org/{term[0].upper()}{term[1:]}DigitalSource"
    )


def test_what_a_person_wrote_claims_no_machine():
    human = post(disclosure="none", text=[])
    assert digital_source_type(human.provenance) is None
    found = json_ld(human, "https://b.example")
    assert found["author"]["@type"] == "Person"
    assert "creator" not in found
    assert dict(meta_tags(human))["ai-disclosure"] == "none"
    assert "ai-model" not in dict(meta_tags(human))


def test_machines_read_a_blog_posting():
    found = json_ld(post(), "https://b.example/")
    assert found["@type"] == "BlogPosting"
    assert found["url"] == "https://b.example/p/tea"
    assert (found["datePublished"], found["dateModified"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")
    assert found["creator"] == [{"@type": "SoftwareApplication", "name": "text.main/m"}]
    assert found["author"]["@type"] == "Organization"
    assert found["image"][0]["url"] == "https://b.example/media/aa/x.webp"
    assert found["image"][0]["digitalSourceType"] == "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
    assert found["citation"] == [
        {"@type": "CreativeWork", "name": "S", "url": "https://example.org/s"},
        {"@type": "CreativeWork", "name": "T"},
    ]
    drawn = json_ld(post(made_by="covers"), "https://b.example/")["image"][0]
    assert drawn["digitalSourceType"] == "https://schema.org/AlgorithmicMediaDigitalSource"


def test_meta_tags_name_disclosure_and_model():
    assert dict(meta_tags(post())) == {
        "description": "About tea.",
        "author": "Ada",
        "generator": "Blogen",
        "ai-disclosure": "ai-autonomous",
        "digital-source-type": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        "ai-model": "text.main/m",
    }


def test_no_title_ends_the_script_element_it_stands_in():
    text = script_text(json_ld(post(title="</script><script>alert(1)</script><!-- \u2028 &amp;"), "https://b.example"))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["headline"] == "</script><script>alert(1)</script><!-- \u2028 &amp;"
