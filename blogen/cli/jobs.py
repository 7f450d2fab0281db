"""`blogen jobs …`: look at jobs and decide about them."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from blogen.cli.arguments import Commands, Parser, count
from blogen.cli.exits import DONE
from blogen.cli.running import run
from blogen.errors import Conflict

if TYPE_CHECKING:
    from blogen.cli.door import Door, JobTold
    from blogen.store.jobs import TimelineEntry

_STATES = ("queued", "researching", "outlining", "drafting", "editing", "illustrating", "assembling", "in_review",
           "scheduled", "published", "failed", "cancelled")  # fmt: skip
_VERBS = {
    "retry": "take a failed job up again where it failed",
    "cancel": "stop a job for good",
    "pause": "let a job rest; no new call is begun",
    "resume": "let a paused or interrupted job go on",
    "approve": "publish the post that waits for review, or repeat the call that is in doubt",
    "reject": "say no to the post that waits for review",
}


def add(commands: Commands) -> None:
    jobs = commands.group("jobs", "list and show jobs, retry, cancel, pause, resume, approve or reject them")
    listing = jobs.add("list", "list the newest jobs")
    listing.add_argument(
        "--state", choices=_STATES, metavar="STATE", help=f"only jobs in this state: {', '.join(_STATES)}"
    )
    listing.add_argument("--limit", type=count, default=20, metavar="N", help="how many (default: 20)")
    listing.add_argument("--before", metavar="ID", help="only jobs older than this one")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=lambda arguments: run(_list(arguments)))
    show = jobs.add("show", "show a job, its steps and its timeline")
    show.add_argument("id", metavar="ID")
    show.add_argument("--json", action="store_true", help="print it as JSON")
    show.set_defaults(run=lambda arguments: run(_show(arguments)))
    for verb, summary in _VERBS.items():
        _add_verb(jobs, verb, summary)


def _add_verb(jobs: Commands, verb: str, summary: str) -> None:
    parser: Parser = jobs.add(verb, summary)
    parser.add_argument("id", metavar="ID")
    if verb == "retry":
        parser.add_argument("--from", dest="from_", metavar="STEP", help="begin again at this step (see `jobs show`)")
        parser.add_argument(
            "--fresh", action="store_true", help="make calls anew, even if the same was answered before"
        )
    if verb in {"approve", "reject"}:
        parser.add_argument("--note", default="", metavar="TEXT", help="why, for the job's timeline")
    if verb in {"retry", "resume", "approve"}:
        parser.add_argument("--wait", action="store_true", help="show the job's progress until it ends, as `generate`")
        parser.add_argument("--quiet", action="store_true", help="with --wait: show no progress")
    parser.add_argument("--json", action="store_true", help="print the job as JSON")
    parser.set_defaults(run=lambda arguments: run(_decide(verb, arguments)))


async def _list(arguments: argparse.Namespace) -> int:
    from blogen.api.views import job_view
    from blogen.cli.plain import print_json, print_table
    from blogen.cli.settings import read_config
    from blogen.cli.store import open_database
    from blogen.clock import SystemClock
    from blogen.domain.job import JobState
    from blogen.store.jobs import Jobs
    from blogen.store.posts import Posts

    state = JobState(arguments.state) if arguments.state else None
    async with open_database(read_config(arguments)) as database:
        jobs = await Jobs(database, SystemClock()).list(state, before=arguments.before, limit=arguments.limit + 1)
        posts = Posts(database)
        told = [job_view(job, await posts.slug_of_job(job.id)) for job in jobs[: arguments.limit]]
    if arguments.json:
        print_json({"items": told, "next": told[-1]["id"] if len(jobs) > arguments.limit else None})
        return DONE
    print_table(
        ["id", "state", "created", "cost", "topic"],
        [[job["id"], _state(job), _short_time(job["created_at"]), _cost(job), job["topic"]] for job in told],
    )
    return DONE


async def _show(arguments: argparse.Namespace) -> int:
    from blogen.api.views import job_view, step_view, timeline_view
    from blogen.cli.plain import print_json
    from blogen.cli.settings import read_config
    from blogen.cli.store import open_database
    from blogen.clock import SystemClock
    from blogen.store.jobs import Jobs
    from blogen.store.posts import Posts
    from blogen.store.steps import Steps

    async with open_database(read_config(arguments)) as database:
        jobs = Jobs(database, SystemClock())
        job = await jobs.get(arguments.id)
        steps = await Steps(database, SystemClock()).of(job.id)
        timeline = await jobs.timeline(job.id)
        told = job_view(job, await Posts(database).slug_of_job(job.id))
    steps_told = [step_view(step) for step in steps]
    if arguments.json:
        print_json({**told, "steps": steps_told, "timeline": [timeline_view(entry) for entry in timeline]})
        return DONE
    _print_job(told)
    _print_steps(steps_told)
    _print_timeline(timeline)
    return DONE


async def _decide(verb: str, arguments: argparse.Namespace) -> int:
    from blogen.cli.door import open_door
    from blogen.cli.generate import follow, tell_outcome
    from blogen.cli.plain import print_json, rfc3339
    from blogen.cli.progress import Progress
    from blogen.cli.settings import read_config
    from blogen.clock import SystemClock

    waits = getattr(arguments, "wait", False)
    began = rfc3339(SystemClock().now_ms())
    progress = Progress(sys.stderr, quiet=not waits or arguments.quiet)
    config = read_config(arguments, with_providers=waits)
    async with open_door(config, works=waits, log_to=progress) as door:
        job = await _act(door, verb, arguments, may_go_on_since=began if waits else None)
        if waits:
            job = await follow(door, job["id"], progress, since=job["updated_at"])
    if waits:
        return tell_outcome(job, as_json=arguments.json)
    if arguments.json:
        print_json(job)
    else:
        print(f"Job {job['id']} is {_state(job)}.")
    if not door.is_server and not _rests(job):
        from blogen.cli.complaints import say

        say("No server runs on this data folder; the job goes on with the next `blogen serve`.")
    return DONE


async def _act(door: "Door", verb: str, arguments: argparse.Namespace, *, may_go_on_since: str | None) -> "JobTold":
    details: dict[str, Any] = {}
    if getattr(arguments, "from_", None):
        details["from"] = arguments.from_
    if getattr(arguments, "fresh", False):
        details["fresh"] = True
    if getattr(arguments, "note", ""):
        details["note"] = arguments.note
    try:
        return await door.act(verb, arguments.id, **details)
    except Conflict:
        # An interrupted job is not paused: it goes on by itself wherever jobs are worked, and may have come to its end.
        if verb == "resume" and may_go_on_since is not None:
            job = await door.job(arguments.id)
            if not _rests(job) or job["updated_at"] >= may_go_on_since:
                return job
        raise


def _print_job(job: "JobTold") -> None:
    from blogen.cli.plain import visible

    told = {
        "job": job["id"],
        "topic": visible(job["topic"]),
        "state": _state(job),
        "attempt": f"{job['attempt']} failed so far in this state" if job["attempt"] else "",
        "post": job["post"]["url"] if job["post"] else "",
        "cost": f"{_cost(job)}, {job['tokens']['input']} tokens in, {job['tokens']['output']} out",
        "created": _short_time(job["created_at"]),
        "finished": _short_time(job["finished_at"]) if job["finished_at"] else "",
    }
    if error := job["error"]:
        told |= {"error": visible(error["detail"]), "remedy": visible(error["remedy"])}
    for name, value in told.items():
        if value:
            print(f"{name + ':':<10}{value}")


def _print_steps(steps: list[dict[str, Any]]) -> None:
    from blogen.cli.plain import print_table

    if not steps:
        return
    print("\nsteps")
    print_table(["step", "state", "took", "cost", "by"], [_step_row(step) for step in steps])


def _step_row(step: dict[str, Any]) -> list[str]:
    took = "" if step["duration_ms"] is None else f"{step['duration_ms'] / 1000:.1f} s"
    cost = f"${step['cost_usd']}" if step["cost_usd"] else ""
    maker = "/".join(part for part in (step["provider"], step["model"]) if part)
    return [step["name"], step["state"], took, cost, maker or (step["error"] or {}).get("detail", "")]


def _print_timeline(timeline: "Sequence[TimelineEntry]") -> None:
    from blogen.cli.plain import moment, print_table

    print("\ntimeline")
    print_table(
        ["at", "in", "event", "what"],
        [
            [moment(entry.at), entry.origin, entry.event, entry.target or entry.step or _why(entry)]
            for entry in timeline
        ],
    )


def _why(entry: "TimelineEntry") -> str:
    detail = entry.detail
    return " ".join(str(detail[key]) for key in ("for", "reason", "note") if detail.get(key))


def _state(job: "JobTold") -> str:
    return f"{job['state']}, waits for {job['waiting']['for']}" if job["waiting"] else str(job["state"])


def _cost(job: "JobTold") -> str:
    """What is known of the cost, and that not all of it is."""
    unknown = job["unknown_calls"]
    return f"${job['cost_usd']}" + (f" + {unknown} of unknown price" if unknown else "")


def _rests(job: "JobTold") -> bool:
    """Whether nothing will happen to the job by itself, or not soon."""
    from blogen.cli.door import has_settled

    return has_settled(job)


def _short_time(at: str) -> str:
    from datetime import datetime

    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
