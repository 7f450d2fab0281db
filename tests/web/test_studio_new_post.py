"""Ordering a post in the studio: what is typed is validated as the API does, is kept, and makes one job."""

import asyncio
import re
from contextlib import ExitStack

import pytest
import pytest_asyncio

from blogen.domain.job import JobRequest
from blogen.web.studio import order_form
from tests.cli.test_commands import NOTES
from tests.web.people import Answer
from tests.web.studio import Studio, held_open, open_studio, owner_at, post_order, send_order

QUEUE = 50
"""Jobs that may wait for a worker."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new_post")
    engine = {"queue_size": QUEUE, "drain_seconds": 0}
    async for opened in held_open(open_studio(folder, research={"max_source_bytes": 20_000}, engine=engine)):
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def olga(studio):
    return await owner_at(studio)


def job_in(answer: Answer) -> str:
    assert answer.status == 303, answer.words[:2000]
    found = re.fullmatch(r"/studio/jobs/([0-9a-f-]{36})\?said=ordered", answer.location)
    assert found, answer.location
    return found[1]


async def order_of(studio: Studio, answer: Answer) -> JobRequest:
    return await studio.whole.jobs.request(job_in(answer))


async def count(studio: Studio) -> int:
    return len(await studio.whole.jobs.list(limit=1000))


async def test_the_form_orders_what_was_typed(studio: Studio, olga) -> None:
    asked = await order_of(
        studio,
        await send_order(
            olga,
            {
                "topic": "  Green tea  ",
                "brief": "For people\nin a hurry.",
                "urls": "https://example.com/a\n\n https://example.com/b ",
                "text_title": ["Notes", ""],
                "text": [NOTES, ""],
                "language": "de",
                "words": "400",
                "images": "0",
                "review": "yes",
                "publish_at": "2199-07-01T09:30",
                "offset": "120",
                "tags": "tea, Japan,, tea houses",
                "priority": "9",
            },
            (
                "page.html",
                b"<title>A page</title><article><p>" + b"White tea is picked early. " * 20 + b"</p></article>",
            ),
            ("own notes.md", b"# Of my own\n\nOolong is rolled."),
            ("plain.txt", "Über den Tee.".encode()),
        ),
    )
    assert asked.topic == "Green tea"
    assert asked.brief == "For people\nin a hurry."
    assert [str(one.url) for one in asked.sources[:2]] == ["https://example.com/a", "https://example.com/b"]
    texts = asked.sources[2:]
    assert [one.title for one in texts] == ["Notes", "A page", "Of my own", "plain"]
    assert texts[0].text == NOTES
    assert texts[1].text.startswith("White tea is picked early.")
    assert texts[3].text == "Über den Tee."
    assert (asked.language, asked.words, asked.images, asked.review, asked.priority) == ("de", 400, 0, True, 9)
    assert asked.tags == ["tea", "Japan", "tea houses"]
    assert asked.publish_at is not None
    assert asked.publish_at.isoformat() == "2199-07-01T09:30:00+02:00"


async def test_what_was_left_empty_is_as_the_api_has_it_and_a_time_without_a_zone_is_utc(studio: Studio, olga) -> None:
    fields = dict.fromkeys(("brief", "urls", "language", "words", "images", "tags", "priority", "text_title"), "")
    asked = await order_of(
        studio, await send_order(olga, fields | {"topic": "Black tea", "text": NOTES, "publish_at": "2199-01-01T10:00"})
    )
    plain = JobRequest(topic="Black tea")
    for name in ("brief", "language", "words", "images", "review", "tags", "priority"):
        assert getattr(asked, name) == getattr(plain, name), name
    assert asked.publish_at is not None
    assert asked.publish_at.isoformat() == "2199-01-01T10:00:00+00:00"


async def test_mistakes_stand_beside_the_fields_and_nothing_typed_is_lost(studio: Studio, olga) -> None:
    before = await count(studio)
    typed = {
        "topic": "<b",
        "brief": "</textarea><script>alert(1)</script>",
        "urls": "https://example.com/a\nnot an address\nftp://example.com",
        "text_title": ["Notes", "Only a title"],
        "text": [NOTES, ""],
        "language": "deutsch!",
        "words": "many",
        "images": "99",
        "publish_at": "tomorrow",
        "tags": f"tea, {'t' * 51}",
        "priority": "-1",
        "review": "no",
    }
    answer = await send_order(
        olga, typed, ("read.txt", b"What could be read."), ("photo.png", b"\x89PNG\0"), ("a.pdf", b"%PDF-1.7")
    )
    assert answer.status == 422
    assert await count(studio) == before
    words = answer.words
    assert "The topic must have at least 3 characters, found 2." in words
    assert "Line 2 must be an address such as https://example.com/page" in words
    assert "Line 3 must begin with http:// or https://" in words
    assert "The text must have at least 1 characters, found 0." in words
    assert "The language has not the right form" in words
    assert "The number of words must be a whole number, found &#39;many&#39;." in answer.text
    assert "The number of pictures must be at most 6, found 99." in words
    assert "The time must be a time such as" in words
    assert "Tag 2 must have at most 50 characters, found 51." in words
    assert "The priority must be at least 0, found -1." in words
    assert "photo.png is a binary file" in words
    assert "a.pdf is a PDF, which Blogen does not read. Paste its text" in words
    assert "The files that could be read stand among the texts." in words
    assert "<script>alert" not in answer.text
    kept = answer.forms["/studio/new"]
    for name in ("topic", "brief", "urls", "language", "words", "images", "publish_at", "tags", "priority"):
        assert kept[name] == typed[name], name
    assert 'value="no" selected' in answer.text
    titles = re.findall(r'name="text_title" value="([^"]*)"', answer.text)
    assert titles == ["Notes", "Only a title", "read"]
    assert ">\nWhat could be read.</textarea>" in answer.text
    wrong = re.findall(r'id="([\w-]+)"[^>]* aria-describedby="\1-wrong', answer.text)
    assert {"topic", "urls", "words", "images", "language", "priority", "files", "text-2"} <= set(wrong)


async def test_files_that_are_too_much_are_told_and_the_rest_is_kept(studio: Studio, olga, monkeypatch) -> None:
    monkeypatch.setattr("blogen.web.studio.new_post.MAX_TEXT_CHARS", 5_000)
    answer = await send_order(
        olga, {"topic": "Green tea"}, ("long.txt", b"word " * 2_000), ("huge.txt", b"x" * 20_001), ("empty.txt", b" ")
    )
    assert answer.status == 422
    assert "long.txt has 9,999 characters; a source may have 5,000." in answer.words
    assert "huge.txt has more than 20 kB. Give the part of it that matters." in answer.words
    assert "empty.txt holds no text to read." in answer.words
    assert answer.forms["/studio/new"]["topic"] == "Green tea"


async def test_more_than_twenty_sources_are_counted(olga) -> None:
    answer = await send_order(olga, {"topic": "Green tea", "urls": "https://example.com/\n" * 21})
    assert answer.status == 422
    assert "A post rests on 20 sources at most; here are 21." in answer.words


async def test_an_address_that_must_not_be_read_is_refused_at_the_door(studio: Studio, olga) -> None:
    answer = await send_order(olga, {"topic": "Green tea", "urls": "http://127.0.0.1:22/"})
    assert answer.status == 422
    assert "127.0.0.1" in answer.text.split('id="urls-wrong"')[1].split("</p>")[0]


async def test_what_the_door_refuses_is_a_sentence(olga) -> None:
    answer = await send_order(olga, {"topic": "Green tea", "author": "nobody", "text": NOTES})
    assert answer.status == 422
    assert "Nothing was ordered. There is no author 'nobody'." in answer.words.replace("&#39;", "'")


async def test_a_form_that_is_sent_twice_at_once_makes_one_job(studio: Studio, olga) -> None:
    before = await count(studio)
    fields = await olga.form("/studio/new") | {"topic": "Green tea", "text": NOTES, "act": "order"}
    answers = await asyncio.gather(*(post_order(olga, fields, ("a.txt", b"From a file.")) for _ in range(4)))
    assert len({job_in(answer) for answer in answers}) == 1
    assert await count(studio) == before + 1

    # Gone back and changed: said, and not ordered until it is sent once more.
    changed = await post_order(olga, fields | {"topic": "Black tea"})
    assert changed.status == 409
    assert "This form has ordered a post already" in changed.words
    assert await count(studio) == before + 1
    again = await post_order(olga, fields | {"topic": "Black tea", "key": changed.forms["/studio/new"]["key"]})
    assert job_in(again) != job_in(answers[0])
    assert await count(studio) == before + 2


async def test_another_text_gets_its_place_without_the_script(studio: Studio, olga) -> None:
    before = await count(studio)
    answer = await send_order(
        olga, {"act": "another", "topic": "Gr", "text": "First."}, ("second.txt", b"From a file.")
    )
    assert answer.status == 200
    assert re.findall(r'<textarea id="text-\d"[^>]*>\n(.*?)</textarea>', answer.text) == ["First.", "From a file.", ""]
    assert answer.forms["/studio/new"]["topic"] == "Gr"
    assert await count(studio) == before


async def test_nobody_orders_from_elsewhere_or_without_the_token(studio: Studio, olga) -> None:
    before = await count(studio)
    fields = {"topic": "Green tea", "text": NOTES}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await send_order(olga, fields, **headers)).status == 403
    assert (await send_order(olga, fields | {"form": "0" * 64})).status == 403
    other = await owner_at(studio, "otto")
    assert (await post_order(other, await olga.form("/studio/new") | fields)).status == 403
    nobody = await post_order(studio.browser(), fields)
    assert (nobody.status, nobody.location) == (303, "/login?next=/studio")
    assert await count(studio) == before


async def test_broken_and_endless_bodies_are_refused(olga, monkeypatch) -> None:
    def sent(body: bytes, kind: str = "multipart/form-data; boundary=x"):
        return olga.post("/studio/new", body, **{"Content-Type": kind})

    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n%b\r\n'
    assert (await sent(b"topic=Tea", "application/x-www-form-urlencoded")).status == 422
    assert (await sent(b"nothing of the kind")).status == 422
    assert (await sent(part % b"\xff\xfe" + b"--x--\r\n")).status == 422
    assert (await sent(part % b"1" * 200 + b"--x--\r\n")).status == 422
    assert (await sent(part % (b"x" * 1_100_000) + b"--x--\r\n")).status == 413
    monkeypatch.setattr(order_form, "MAX_BYTES", 1000)
    assert (await sent(part % (b"x" * 1001) + b"--x--\r\n")).status == 413


async def test_a_full_queue_is_told_and_nothing_is_lost(studio: Studio, olga) -> None:
    before = await count(studio)
    with ExitStack() as taken:
        for _ in range(QUEUE):
            taken.enter_context(studio.whole.engine._queue.room())
        answer = await send_order(
            olga, {"topic": "The one too many", "text": NOTES, "images": "0"}, ("a.txt", b"More.")
        )
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert f"{QUEUE} jobs wait for a worker; the queue takes {QUEUE}. Nothing was ordered" in answer.words
        assert await count(studio) == before
    kept = answer.forms["/studio/new"] | {"text": [NOTES, "More."], "text_title": ["", "a"], "act": "order"}
    assert kept["topic"] == "The one too many"
    assert ">\nMore.</textarea>" in answer.text
    assert (await order_of(studio, await post_order(olga, kept))).topic == "The one too many"
