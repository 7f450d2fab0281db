"""Starting, stopping, and refusing to start: exit codes and words, as an owner meets them."""

import signal
import sqlite3
from contextlib import closing
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import pytest

from tests.e2e.conftest import NewBlogen
from tests.e2e.harness import API_KEY, AnyServer, Blogen, Ended, Launch, NotReady, Server, run, with_fake
from tests.fakes.openai_server import FakeOpenAI


@pytest.fixture
def new_blogen(new_blogen: NewBlogen) -> NewBlogen:
    """Here each server is a fresh process: what Blogen imports, and when, is looked at too."""
    return partial(new_blogen, launch=Server.start_fresh)


def fresh_at_first() -> Launch:
    """For what is about the end of the first server: that a fresh one goes on with its jobs is shown once, below."""
    launches = chain([Server.start_fresh], repeat(Server.start))

    async def launch(*words: str, cwd: Path) -> tuple[AnyServer, str]:
        return await next(launches)(*words, cwd=cwd)

    return launch


UNUSABLE = 2
ORDER = {"topic": "Why a kettle sings", "words": 300, "images": 0}


# -- the whole path -------------------------------------------------------------------------------------------------


async def test_an_empty_folder_gets_a_first_post_that_is_readable_at_the_front_page(tmp_path: Path) -> None:
    async with Blogen(tmp_path) as blogen:
        await blogen.server.says("job submitted")
        (first,) = await blogen.all("/api/v1/jobs")
        job = await blogen.finished(first["id"])
        assert job["state"] == "published"
        assert f'href="/p/{job["post"]["slug"]}"' in await blogen.page("/")
        assert (await blogen.ask("GET", f"/api/v1/posts/{job['post']['slug']}"))["title"] in await blogen.page(
            f"/p/{job['post']['slug']}"
        )


async def test_a_second_start_makes_no_second_first_post(new_blogen: NewBlogen) -> None:
    async with new_blogen() as blogen:
        assert len(await blogen.all("/api/v1/jobs")) == 1
        assert len(await blogen.posts()) == 1


async def test_kill_9_repeats_only_the_call_that_was_in_flight(new_blogen: NewBlogen, fake: FakeOpenAI) -> None:
    fake.hold("critic")
    async with new_blogen(config=with_fake(fake)) as blogen:
        job = await blogen.submit(**ORDER)
        in_flight = await fake.received("critic")
        await blogen.kill()
        before = [call.body for call in fake.calls]
        await fake.release()
        await blogen.start()
        assert (await blogen.finished(job["id"]))["state"] == "published"
        after = [call.body for call in fake.calls[len(before) :]]
    assert after[0] == in_flight.body, "the call in doubt is repeated"
    assert not [body for body in after[1:] if body in before], "and nothing else"


# -- the end of a server --------------------------------------------------------------------------------------------


async def test_sigterm_lets_a_running_call_end_and_repeats_nothing(new_blogen: NewBlogen, fake: FakeOpenAI) -> None:
    fake.hold()
    async with new_blogen(config=with_fake(fake), launch=fresh_at_first()) as blogen:
        job = await blogen.submit(**ORDER)
        await fake.received()
        blogen.server.signal(signal.SIGTERM)
        await blogen.server.says("engine draining")
        await fake.release()
        assert await blogen.ended() == 0
        assert len(fake.calls) == 1, "no call began after the signal"
        await blogen.start()
        ended = await blogen.finished(job["id"])
    assert (ended["state"], ended["attempt"]) == ("published", 0)
    bodies = [str(call.body) for call in fake.calls]
    assert len(bodies) == len(set(bodies)), "a call was repeated"


async def test_sigterm_breaks_off_what_takes_longer_and_counts_no_failure(
    new_blogen: NewBlogen, fake: FakeOpenAI
) -> None:
    fake.hold()
    async with new_blogen(config=with_fake(fake, drain_seconds=0.1), launch=fresh_at_first()) as blogen:
        job = await blogen.submit(**ORDER)
        await fake.received()
        assert await blogen.terminate() == 0
        await fake.release()
        await blogen.start()
        ended = await blogen.finished(job["id"])
        timeline = await blogen.all(f"/api/v1/jobs/{job['id']}/timeline")
    assert (ended["state"], ended["attempt"]) == ("published", 0)
    assert not [line for line in timeline if line["event"] == "step_failed"]


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_stops_at_once(new_blogen: NewBlogen, fake: FakeOpenAI, which: signal.Signals) -> None:
    fake.hold()
    async with new_blogen(config=with_fake(fake, drain_seconds=3600), launch=fresh_at_first()) as blogen:
        job = await blogen.submit(**ORDER)
        await fake.received()
        blogen.server.signal(which)
        await blogen.server.says("engine draining")
        blogen.server.signal(which)
        assert await blogen.ended() != 0, "it was not a clean end"
        await fake.release()
        await blogen.start()
        assert (await blogen.finished(job["id"]))["state"] == "published"


async def test_an_idle_server_ends_with_0(new_blogen: NewBlogen) -> None:
    async with new_blogen() as blogen:
        assert await blogen.terminate() == 0
        assert "Traceback" not in blogen.config.read_text()


# -- what it refuses ------------------------------------------------------------------------------------------------


async def refusal(blogen: Blogen) -> Ended:
    """How a server that cannot start ends: one clear message, no traceback, nothing on stdout."""
    with pytest.raises(NotReady) as refused:
        await blogen.start()
    ended = refused.value.ended
    assert "Traceback" not in ended.err, ended.err
    assert ended.out == ""
    assert ended.err.startswith("blogen: "), ended.err
    assert len(ended.err.splitlines()) <= 12, ended.err
    assert API_KEY not in ended.err
    return ended


async def test_a_second_process_on_the_same_folder_is_refused_and_does_no_harm(new_blogen: NewBlogen) -> None:
    async with new_blogen() as blogen:
        second = Blogen(blogen.folder / "second")
        second.data = blogen.data
        ended = await refusal(second)
        assert ended.code == UNUSABLE
        assert "in use by another Blogen" in ended.err
        assert str(blogen.server.pid) in ended.err  # type: ignore[attr-defined]
        assert await blogen.posts()


async def test_a_corrupt_database_is_refused_and_left_as_it_is(new_blogen: NewBlogen) -> None:
    blogen = new_blogen()
    path = blogen.data / "blogen.db"
    content = bytearray(path.read_bytes())
    content[4096 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4096)
    path.write_bytes(content)
    ended = await refusal(blogen)
    assert ended.code == UNUSABLE
    assert "damaged" in ended.err
    assert "backups/" in ended.err
    assert path.read_bytes() == content


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    blogen = Blogen(tmp_path)
    blogen.data.mkdir()
    (blogen.data / "blogen.db").write_bytes(b"my holiday photographs" * 1000)
    ended = await refusal(blogen)
    assert ended.code == UNUSABLE
    assert "not a Blogen database" in ended.err
    assert (blogen.data / "blogen.db").read_bytes() == b"my holiday photographs" * 1000


async def test_a_newer_schema_is_refused(new_blogen: NewBlogen) -> None:
    blogen = new_blogen()
    with closing(sqlite3.connect(blogen.data / "blogen.db")) as connection, connection:
        connection.execute("INSERT INTO schema_migrations (version, name) VALUES (9999, 'from_the_future')")
    ended = await refusal(blogen)
    assert ended.code == UNUSABLE
    assert "schema 9999" in ended.err
    assert "newer version" in ended.err


async def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    blogen = Blogen(tmp_path)
    blogen.data = Path("/proc/blogen")  # not even root can make or write anything there
    ended = await refusal(blogen)
    assert ended.code == UNUSABLE
    assert "/proc/blogen" in ended.err
    assert "--data-dir" in ended.err


async def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    blogen = Blogen(tmp_path)
    blogen.data.write_text("a file")
    ended = await refusal(blogen)
    assert ended.code == UNUSABLE
    assert "is a file" in ended.err


async def test_malformed_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    ended = await refusal(Blogen(tmp_path, config="[server]\nport = = 8080\n"))
    assert ended.code == UNUSABLE
    assert "config.toml" in ended.err
    assert "line 2" in ended.err


async def test_all_mistakes_of_a_configuration_are_told_at_once(tmp_path: Path) -> None:
    config = f"""
[server]
prot = 8080
[engine]
workers = 0
[text.main]
kind = "opnai"
api_key = "{API_KEY}"
"""
    ended = await refusal(Blogen(tmp_path, config=config))
    assert ended.code == UNUSABLE
    for words in ("server.prot", "engine.workers", "text.main.kind"):
        assert words in ended.err
    assert "openai" in ended.err, "the nearest kind is suggested"


async def test_a_port_that_is_taken_is_told(new_blogen: NewBlogen, tmp_path: Path) -> None:
    async with new_blogen() as blogen:
        port = blogen.url.rpartition(":")[2]
        ended = await run("serve", "--port", port, "--data-dir", str(tmp_path / "other"), cwd=tmp_path)
        assert ended.code in {1, UNUSABLE}
        assert port in ended.err
        assert "Traceback" not in ended.err
