"""What readers see."""

import html
import json
import re

from blogen.domain.post_summary import PostSource, Provenance
from tests.showcase import ASSISTED, EXTRACTIVE, fill

EVIL = "<script>alert('x')</script>\"'&"


async def test_an_empty_blog_says_that_the_first_post_is_being_written(site):
    answer = await site.get("/")
    assert answer.status == 200
    assert "being written" in answer.text
    assert 'http-equiv="refresh"' in answer.text
    await site.blog.publish("Tea")
    answer = await site.get("/")
    assert "http-equiv" not in answer.text
    assert "Tea" in answer.text


async def test_the_front_page_goes_on_by_plain_links_without_gaps_and_doubles(site):
    for number in range(40):
        await site.blog.publish(f"Post {number:02}", at=1000 + number)
    seen, path = [], "/"
    while path:
        answer = await site.get(path)
        seen += re.findall(r'<h\d class="card-title"><a href="/p/(post-\d\d)"', answer.text)
        older = re.search(r'href="([^"]+)" rel="next"', answer.text)
        path = html.unescape(older[1]) if older else None
    assert seen == [f"post-{number:02}" for number in reversed(range(40))]


async def test_cursors_that_nobody_gave_out_are_not_found(site):
    await site.blog.publish("Tea")
    for before in ("x", "1.2", "99999999999999999999." + "a" * 36, "1." + "a" * 36, "", "' OR 1"):
        for path in ("/", "/archive", "/tags/tea", "/authors/blogen"):
            answer = await site.get(path, params={"before": before})
            assert answer.status == 404, (path, before)


async def test_a_post_shows_how_it_was_made(site):
    source = PostSource(title="A paper", url="https://example.org/paper", quotes=["It is so."])
    await site.blog.publish(
        "Tea", provenance=ASSISTED, sources=[source], tags=["drinks", "a/b"], notices=["Drawn by hand."]
    )
    text = (await site.get("/p/tea")).text
    assert "AI, reviewed by a person" in text
    assert "reviewed by a person before publication" in text
    assert "Drawn by hand." in text
    assert "main/gpt-5-mini" in text
    assert "$0.00421" in text
    assert 'href="https://example.org/paper"' in text
    assert "It is so." in text
    assert 'href="/tags/a%2Fb"' in text
    assert (await site.get("/tags/a%2Fb")).status == 200


async def test_a_post_that_no_model_wrote_does_not_claim_one(site):
    await site.blog.publish("Tea", provenance=EXTRACTIVE)
    text = (await site.get("/p/tea")).text
    assert "Compiled by a program" in text
    assert "Written by AI" not in text
    assert "nothing</dd>" in text


async def test_a_post_without_ai_is_not_labelled(site):
    await site.blog.publish(
        "Tea", provenance=Provenance(disclosure="none", text=[], images=[], cost_usd="0.000000", human_edits=3)
    )
    assert 'class="badge"' not in (await site.get("/p/tea")).text


async def test_nothing_in_a_post_can_become_markup(site):
    await site.blog.publish(
        EVIL, slug="evil", summary=EVIL, text=EVIL, tags=[EVIL], notices=[EVIL],
        sources=[PostSource(title=EVIL, url="https://example.org/?a=1&b='\"<", quotes=[EVIL])],
    )  # fmt: skip
    for path in ("/", "/p/evil", "/archive", "/search?q=alert", "/authors/blogen"):
        answer = await site.get(path)
        assert answer.status == 200
        assert "<script>" not in answer.text, path
        assert "alert('x')</script>" not in answer.text, path
    answer = await site.get("/search", params={"q": EVIL})
    assert "<script>" not in answer.text


async def test_scripts_are_files_of_ours_or_data(site):
    await site.blog.publish("Tea </script> & <b>", slug="tea")
    text = (await site.get("/p/tea")).text
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert all(re.match(r' src="/static/[a-z]+\.js\?v=\w+"', kind) for kind, content in scripts if not content)
    ((kind, content),) = [one for one in scripts if one[1]]
    assert kind == ' type="application/ld+json"'
    found = json.loads(content)["@graph"][0]
    assert found["headline"] == "Tea </script> & <b>"
    assert found["url"] == "https://blog.example.org/p/tea"
    assert found["digitalSourceType"].endswith("TrainedAlgorithmicMediaDigitalSource")
    assert "on" + "click" not in text
    assert " style=" not in text


async def test_addresses_come_from_the_configuration_and_not_from_the_host_header(site):
    await site.blog.publish("Tea")
    for path in ("/", "/p/tea", "/feed.xml", "/sitemap.xml", "/robots.txt"):
        answer = await site.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.text
        assert "https://blog.example.org" in answer.text


async def test_a_long_post_has_contents_that_lead_to_its_chapters(site):
    await fill(site.blog)
    text = (await site.get("/p/group-commit")).text
    anchors = re.findall(r'<li><a href="#(b-[^"]+)">', text)
    assert len(anchors) == 4
    for anchor in anchors:
        assert f'<h2 id="{anchor}"' in text
    assert 'class="contents"' not in (await site.get("/p/post-1")).text


async def test_a_post_leads_to_its_neighbours_and_to_more(site):
    await fill(site.blog)
    text = (await site.get("/p/post-1")).text
    assert 'href="/p/post-2" rel="prev"' in text
    assert 'href="/p/group-commit" rel="next"' in text
    related = text.partition('id="related"')[2]
    assert len(re.findall(r'class="card-title"', related)) == 3
    assert 'href="/p/post-1"' not in related


async def test_languages_and_directions_are_told(site):
    await fill(site.blog)
    assert '<article class="post" lang="ar" dir="rtl">' in (await site.get("/p/post-7")).text


async def test_pictures_keep_their_place_while_they_load(site):
    await fill(site.blog)
    text = (await site.get("/")).text
    for image in re.findall(r"<img [^>]+>", text):
        assert re.search(r'width="\d+" height="\d+"', image)
        assert ' alt="' in image
    assert text.count('fetchpriority="high"') == 1
    assert "800w" in text


async def test_the_receipt_lists_every_finished_step(site):
    await fill(site.blog)
    text = (await site.get("/p/group-commit/receipt")).text
    for words in ("outline/ask", "text.main · gpt-5-mini", "1,840", "4.2 s", "$0.00051", "22.4 s", "$0.0031"):
        assert words in text, words
    assert (await site.get("/p/nothing/receipt")).status == 404


async def test_tags_and_authors_have_pages(site):
    await site.blog.publish("Tea", tags=["Green Tea"], author="ada")
    await site.blog.publish("Coffee", tags=["coffee"])
    tag = await site.get("/tags/green%20tea")
    assert "Tea" in tag.text
    assert "/p/coffee" not in tag.text
    assert (await site.get("/tags/GREEN%20tea")).status == 200
    author = await site.get("/authors/ada")
    assert "I am an AI" in author.text
    assert "/p/coffee" not in author.text
    for path in ("/tags/nothing", "/authors/nobody", "/p/nothing"):
        assert (await site.get(path)).status == 404, path


async def test_search_marks_what_it_found(site):
    await site.blog.publish("Tea", text="The walrus drinks tea.")
    text = (await site.get("/search?q=walrus")).text
    assert "<mark>walrus</mark>" in text
    assert "Nothing found" in (await site.get("/search?q=unicorn")).text
    assert (await site.get("/search")).status == 200
    assert (await site.get("/search?q=" + "%22" * 500)).status == 200


async def test_the_archive_is_by_month(site):
    await fill(site.blog)
    text = (await site.get("/archive")).text
    assert re.findall(r"<h2 [^>]+>([^<]+)<", text) == ["August 2026", "July 2026", "June 2026"]


async def test_a_deleted_post_is_gone_from_every_page_at_once(site):
    await site.blog.publish("Tea", tags=["a"])
    await site.blog.publish("Coffee", tags=["a"])
    paths = ["/", "/p/coffee", "/tags/a", "/archive", "/authors/blogen", "/feed.xml", "/sitemap.xml"]
    for path in paths:
        assert "/p/tea" in (await site.get(path)).text, path
    await site.blog.posts.delete("tea")
    for path in paths:
        assert "/p/tea" not in (await site.get(path)).text, path
    assert (await site.get("/p/tea")).status == 410
