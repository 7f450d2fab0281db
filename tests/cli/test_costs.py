"""`blogen costs`, and what `generate` says before it spends anything."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from blogen.clock import SystemClock
from blogen.config import BudgetConfig
from blogen.domain.job import JobRequest
from blogen.events import Bus
from blogen.ids import new_id
from blogen.store.database import Database
from blogen.store.folder import DataFolder, database_path
from blogen.store.ledger import Reservation, caps_of
from blogen.store.steps import Used
from tests.blog import Blog
from tests.cli.test_commands import NOTES, Blogen
from tests.committed import CommittedSteps
from tests.fakes.openai_server import FakeOpenAI
from tests.fresh import prepare

TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
CAPS = "[budget]\njob_usd = 0.5\nday_usd = 2\nmonth_calls = 50\n"


class Spender(Blogen):
    """A folder in which calls were made."""

    def spend(self, *calls: Used, published: bool = True, open_usd_micros: int = 0, **request: object) -> str:
        """Let a job make such calls, and perhaps begin one more; its id."""

        async def work(blog: Blog) -> str:
            steps = CommittedSteps(blog.database, SystemClock())
            job = await blog.jobs.submit(new_id(), "post", JobRequest.model_validate({"topic": "A topic", **request}))
            for number, used in enumerate(calls):
                await steps.finish(job, f"step {number}", 1, "{}", duration_ms=1, used=used)
            if open_usd_micros:
                reserve = Reservation("text.main", open_usd_micros, caps_of(BudgetConfig()))
                await steps.begin(job, "open", 1, digest=None, is_paid=True, reserve=reserve)
            if published:
                await blog.publish(f"Post {job.id}", job_id=job.id, author=request.get("author", "blogen"))
                ended = "UPDATE jobs SET state = 'published', finished_at = 1 WHERE id = ?"
                await blog.database.write(lambda tx: tx.execute(ended, (job.id,)))
            return job.id

        return asyncio.run(self._in_blog(work))

    async def _in_blog(self, work: Callable[[Blog], Awaitable[str]]) -> str:
        path = database_path(self.folder / "data")
        path.parent.mkdir(exist_ok=True)
        prepare(path)
        bus = Bus()
        database = await Database.open(path, bus=bus)
        try:
            return await work(Blog(path.parent, database, bus))
        finally:
            await database.close()

    def lines(self, *words: str) -> list[list[str]]:
        """The rows of a table, each as its cells."""
        return [re.split(r"\s{2,}", line) for line in self.call("costs", *words).stdout.splitlines()]

    def configure(self, text: str) -> None:
        (self.folder / "config.toml").write_text(text)


@pytest.fixture
def blogen(tmp_path, monkeypatch):
    return Spender(tmp_path, monkeypatch)


def paid(usd_micros: int | None, accuracy: str = "computed", model: str = "m") -> Used:
    return Used("text.main", model, 100, 20, usd_micros, accuracy)


def test_costs_are_a_table_with_a_total_and_the_caps(blogen):
    blogen.configure(CAPS)
    blogen.spend(paid(12_000), paid(1_234))
    day, total, _, caps, *rows = blogen.lines()
    assert day == [TODAY, "2", "$0.013234", "200", "40"]
    assert total == ["total", "2", "$0.013234", "200", "40"]
    assert caps == ["caps"]
    assert rows[0] == ["budget.job_usd", "$0.50 each job"]
    assert rows[1][:2] == ["budget.day_usd", "$0.013234 of $2.00 used this day"]
    assert rows[1][2].startswith("begins anew ")
    assert rows[2][:2] == ["budget.month_calls", "2 of 50 calls used this month"]


def test_what_is_guessed_unknown_or_open_is_marked(blogen):
    blogen.spend(paid(12_000), paid(500, "guessed"), paid(None), paid(None), published=False, open_usd_micros=80_000)
    [line, *_] = blogen.lines()
    assert line == [
        TODAY, "5", "~$0.0125", "400", "80", "+ 2 calls of unknown price, + up to $0.08 for 1 call under way"
    ]  # fmt: skip


def test_an_unknown_price_is_never_shown_as_zero(blogen):
    blogen.spend(paid(None), paid(0))
    [line, *_] = blogen.lines()
    assert line[:3] == [TODAY, "2", "unknown"]
    assert line[-1] == "+ 1 call of unknown price"
    free = blogen.spend(paid(0))
    assert [free, "1", "$0.00", "100", "20"] in blogen.lines("--by", "job")


def test_costs_by_model_author_and_job(blogen):
    first = blogen.spend(paid(12_000, model="dear"))
    second = blogen.spend(paid(1_000), author="ada")
    assert [row[:3] for row in blogen.lines("--by", "model")[:3]] == [
        ["text.main/dear", "1", "$0.012"], ["text.main/m", "1", "$0.001"], ["total", "2", "$0.013"]
    ]  # fmt: skip
    assert [row[0] for row in blogen.lines("--by", "job")[:3]] == [first, second, "total"]
    assert [row[0] for row in blogen.lines("--by", "author")[:3]] == ["blogen", "ada", "total"]
    cut = blogen.lines("--by", "job", "--limit", "1")
    assert [row[:3] for row in cut[:2]] == [[first, "1", "$0.012"], ["total", "2", "$0.013"]]


def test_a_span_without_calls(blogen):
    blogen.spend(paid(12_000))
    told = blogen.call("costs", "--since", "2020-01-01", "--until", "2020-01-31").stdout
    assert told == "Nothing was called in these days.\n\nNo cap is set; [budget] can set some.\n"
    assert blogen.lines("--since", TODAY)[0][0] == TODAY


def test_costs_as_json_are_what_the_api_answers(blogen):
    blogen.configure(CAPS)
    blogen.spend(paid(12_000), paid(None))
    told = json.loads(blogen.call("costs", "--json").stdout)
    [line] = told["items"]
    assert (line["key"], line["cost_usd"], line["unknown_calls"]) == (TODAY, "0.012000", 1)
    assert told["total"]["calls"] == 2
    assert [cap["key"] for cap in told["caps"]] == ["budget.job_usd", "budget.day_usd", "budget.month_calls"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--since", "yesterday"], "--since: must be a day such as 2026-08-01, found 'yesterday'."),
        (["--until", "2026-02-30"], "--until: must be a day such as 2026-08-01, found '2026-02-30'."),
        (["--since", "20260801"], "--since: must be a day"),
        (
            ["--since", "2026-08-02", "--until", "2026-08-01"],
            "The first day, 2026-08-02, is after the last, 2026-08-01.",
        ),
        (["--by", "modle"], "Did you mean `model`?"),
        (["--limit", "0"], "--limit: expected a number from 1"),
        (["--estimate", "--words", "1"], "--words: must be at least 200, found '1'."),
        (["--estimate", "--images", "many"], "--images: must be a whole number, found 'many'."),
    ],
)
def test_bad_options_are_code_2_and_one_clear_message(blogen, words, told):
    blogen.spend(paid(12_000))
    ran = blogen.call("costs", *words, code=2)
    assert ran.stdout == ""
    assert ran.stderr.startswith("blogen: ")
    assert told in ran.stderr


def test_without_a_blog_there_are_no_costs(blogen):
    for words in (["costs"], ["costs", "--estimate"]):
        assert "no blog in data" in blogen.call(*words, code=2).stderr


def test_costs_can_be_seen_while_a_server_works_on_the_folder(blogen):
    blogen.spend(paid(12_000))
    folder = DataFolder.claim(blogen.folder / "data")
    try:
        assert blogen.lines()[0][2] == "$0.012"
        assert "about $0.012" in blogen.call("costs", "--estimate").stdout
    finally:
        folder.release()


# The next post


def test_an_estimate_says_what_it_rests_on_or_that_there_is_nothing_yet(blogen):
    blogen.spend(paid(12_000), published=False)
    told = "There is nothing to go by yet: no post of this blog has used a paid service.\n"
    assert blogen.call("costs", "--estimate").stdout == told
    assert json.loads(blogen.call("costs", "--estimate", "--json").stdout)["posts"] == 0
    for micros in (12_000, 12_500, 30_000):
        blogen.spend(paid(micros))
    assert blogen.call("costs", "--estimate").stdout == (
        "A post of 900 words with 1 picture: about $0.0125 (median of 3 posts).\nMost cost $0.012 to $0.03.\n"
    )
    told = blogen.call("costs", "--estimate", "--words", "1800", "--images", "2").stdout
    assert told.startswith("A post of 1800 words with 2 pictures: about $0.025 (median of 3 posts).")
    assert json.loads(blogen.call("costs", "--estimate", "--json").stdout)["typical_usd"] == "0.012500"


def test_an_estimate_with_unknown_prices_says_so(blogen):
    blogen.spend(paid(None))
    assert "with 1 picture: not known (no price is known for the calls of 1 post)." in (
        blogen.call("costs", "--estimate").stdout
    )
    blogen.spend(paid(12_000), paid(None))
    assert "more than $0.012 (median of 2 posts, some of their calls of unknown price)" in (
        blogen.call("costs", "--estimate").stdout
    )


MODEL_SECTION = """
[text.main]
kind = "openai"
base_url = "{url}"
model = "fake-1"
{price}
[pipeline]
image = ["covers"]
"""


@pytest.fixture
async def fake():
    async with FakeOpenAI() as fake:
        yield fake


async def generate(blogen: Spender, *words: str) -> str:
    """What `generate` says on stderr."""
    (blogen.folder / "tea.md").write_text(NOTES)
    ran = await asyncio.to_thread(blogen.run, "generate", "Tea for beginners", "--source", "tea.md", *words)
    return ran.stderr


async def test_generate_says_what_the_post_will_probably_cost(blogen, fake):
    blogen.configure(MODEL_SECTION.format(url=fake.base_url, price="usd_per_call = 0.01"))
    assert "Expected cost" not in await generate(blogen)  # nothing to go by yet
    calls = len(fake.calls)
    told = await generate(blogen, "--json")
    assert told.startswith(f"Expected cost: about ${calls / 100:.2f} (median of 1 post)\n")
    assert "Expected cost" not in await generate(blogen, "--quiet")


async def test_generate_expects_no_cost_of_a_free_model(blogen, fake):
    await asyncio.to_thread(blogen.spend, paid(12_000))
    blogen.configure(MODEL_SECTION.format(url=fake.base_url, price="free = true"))
    assert "Expected cost" not in await generate(blogen)
