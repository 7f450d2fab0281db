"""`blogen generate TOPIC`: one job to its end, with its progress on stderr and the post's path on stdout."""

import argparse
import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blogen.cli.arguments import Commands
from blogen.cli.exits import DONE, FAILED, INTERRUPTED, JOB_FAILED, JOB_WAITS
from blogen.errors import BlogenError, FieldError, InvalidInput

if TYPE_CHECKING:
    from blogen.cli.door import Door, JobTold
    from blogen.cli.progress import Progress
    from blogen.config import Config
    from blogen.domain.job import JobRequest


def add(commands: Commands) -> None:
    parser = commands.add(
        "generate", "write and publish one post",
        epilog="Exit codes: 0 published, 2 bad input, 3 failed, 4 waits for a person, 130 interrupted.",
    )  # fmt: skip
    parser.add_argument("topic", metavar="TOPIC", help="what the post is about, 3 to 300 characters")
    parser.add_argument(
        "--source", dest="sources", metavar="PATH_OR_URL", action="append", default=[],
        help="a text file or a web address that the post rests on; may be repeated",
    )  # fmt: skip
    parser.add_argument("--brief", metavar="TEXT", help="what to mind: angle, audience, what to leave out")
    parser.add_argument("--author", metavar="HANDLE", help="the author who signs (default: site.author)")
    parser.add_argument("--language", metavar="TAG", help="BCP 47 tag of the post's language (default: site.language)")
    parser.add_argument("--words", metavar="N", type=int, help="length to aim at, 200 to 5000 (default: 900)")
    parser.add_argument("--images", metavar="N", type=int, help="pictures, cover included, 0 to 6 (default: 1)")
    parser.add_argument("--tag", dest="tags", metavar="TAG", action="append", help="a tag; may be repeated")
    parser.add_argument("--review", action="store_true", default=None, help="wait for a person before publishing")
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the post's Markdown to a file, too")
    parser.add_argument("--json", action="store_true", help="print the job as JSON instead of the post's path")
    parser.add_argument("--stream", action="store_true", help="show the text on stderr while it is written")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from blogen.cli import running
    from blogen.cli.progress import Progress
    from blogen.cli.settings import read_config

    config = read_config(arguments, with_providers=True)
    progress = Progress(sys.stderr, quiet=arguments.quiet, show_text=arguments.stream)
    accepted: dict[str, str] = {}
    try:
        command = _generate(arguments, config, progress, accepted)
        return running.run(command, last_words=lambda: _tell_interrupted(accepted))
    except KeyboardInterrupt:
        _tell_interrupted(accepted)
        return INTERRUPTED


async def _generate(
    arguments: argparse.Namespace, config: "Config", progress: "Progress", accepted: dict[str, str]
) -> int:
    from blogen.cli.complaints import say
    from blogen.cli.door import open_door

    _check_writable(arguments.out)
    request = await order(arguments, config)
    if not arguments.quiet:
        await _tell_expected_cost(config, request, progress)
    async with open_door(config, works=True, streams=arguments.stream, log_to=progress) as door:
        job = await door.submit(request)
        accepted.update(id=job["id"], place=door.place if door.is_server else "")
        try:
            job = await follow(door, job["id"], progress)
        except asyncio.CancelledError:
            if not door.is_server:
                say("Interrupted; calls that are under way may still end. Ctrl-C again stops at once.")
            raise
        if arguments.out and job["post"]:
            markdown = await door.post_markdown(job["post"]["slug"])
            await asyncio.to_thread(arguments.out.write_text, markdown, encoding="utf-8")
        accepted.clear()
    return tell_outcome(job, as_json=arguments.json)


async def order(arguments: argparse.Namespace, config: "Config") -> "JobRequest":
    """What is asked for, validated as everywhere. Raises InvalidInput with all mistakes, and SourceRefused."""
    from pydantic import ValidationError

    from blogen.cli.sources import read_sources
    from blogen.domain.job import JobRequest
    from blogen.domain.mistakes import mistakes_in

    given = {
        name: value
        for name in ("topic", "brief", "author", "words", "images", "review", "tags")
        if (value := getattr(arguments, name)) is not None
    }
    language = arguments.language or config.site.language
    try:
        request = JobRequest.model_validate({**given, "language": language})
    except ValidationError as error:
        errors = [FieldError(_option(path), f"{message}.") for path, message in mistakes_in(error)]
        raise InvalidInput(
            "The order cannot be used.", errors=errors, remedy="`blogen generate --help` tells what is possible."
        ) from None
    if len(arguments.sources) > 20:
        raise InvalidInput(
            f"At most 20 sources are taken, {len(arguments.sources)} were given.", remedy="Choose the best ones."
        )
    sources = await read_sources(arguments.sources, max_bytes=config.research.max_source_bytes)
    return request.model_copy(update={"sources": sources}) if sources else request


async def follow(door: "Door", job_id: str, progress: "Progress", *, since: str = "") -> "JobTold":
    """Show the job's progress until it is final or waits for a person; its last state."""
    ticking = asyncio.create_task(_tick(progress))
    try:
        job = await door.follow(job_id, progress.hear, since=since)
    finally:
        ticking.cancel()
        progress.clear()
    progress.end(_outcome(job), is_good=job["state"] == "published")
    return job


def tell_outcome(job: "JobTold", *, as_json: bool) -> int:
    """Print the job or its post's path, say why if there is none, and give the exit code."""
    from blogen.cli.complaints import say
    from blogen.cli.plain import print_json

    error, waiting = job["error"], job["waiting"]
    if error:
        provider = f" ({error['provider']})" if error.get("provider") else ""
        remedy = f"{error['remedy']} Then: `blogen jobs retry {job['id']}`.".strip()
        say(f"{error['title']}{provider}: {error['detail']}", remedy)
    if as_json:
        print_json(job)
    elif job["post"]:
        print(_path(job["post"]))
    if job["state"] == "published":
        return DONE
    if waiting:
        say(f"Job {job['id']} waits for {waiting['for']}.", _remedies(job["id"]).get(waiting["for"], ""))
        return JOB_WAITS
    return JOB_FAILED if job["state"] == "failed" else FAILED


async def _tell_expected_cost(config: "Config", request: "JobRequest", progress: "Progress") -> None:
    from sqlite3 import Error

    from blogen.cli.costs import expected

    with suppress(BlogenError, OSError, Error):  # no order fails for this; the door says what is wrong
        if cost := await expected(config, request.words, request.images):
            progress.write(f"Expected cost: {cost}\n")


def _check_writable(out: Path | None) -> None:
    """An order whose result could not be written is refused before it costs anything."""
    if out is None:
        return
    is_new = not out.exists()
    try:
        with out.open("a", encoding="utf-8"):
            pass
        if is_new:
            out.unlink()
    except OSError as error:
        raise InvalidInput(
            f"The file {out} cannot be written ({error.strerror}).", remedy="Choose another file with --out."
        ) from None


async def _tick(progress: "Progress") -> None:
    while progress.redraws:
        progress.draw(now=True)
        await asyncio.sleep(0.1)


def _outcome(job: "JobTold") -> str:
    match job:
        case {"state": "failed"}:
            return "failed"
        case {"waiting": {"for": waiting_for}}:
            return f"waits for {waiting_for}"
        case _:
            return str(job["state"]).replace("_", " ")


def _remedies(job_id: str) -> dict[str, str]:
    return {
        "review": f"Read it, then `blogen jobs approve {job_id}` or `blogen jobs reject {job_id}`.",
        "budget": "It goes on when the budget allows it; raise [budget] or wait for the next day or month.",
        "paused": f"`blogen jobs resume {job_id}` lets it go on.",
    }


def _path(post: dict[str, Any]) -> str:
    """The post's path on the blog, whatever address the server gives for it."""
    from urllib.parse import urlsplit

    return str(urlsplit(post["url"]).path)


def _option(key: str) -> str:
    name, _, _ = key.partition(".")
    return "TOPIC" if name == "topic" else f"--{name.removesuffix('s') if name in {'tags', 'sources'} else name}"


def _tell_interrupted(accepted: dict[str, str]) -> None:
    from blogen.cli.complaints import say

    if not accepted:
        say("Interrupted; nothing was ordered.")
    elif accepted["place"]:
        say(
            f"Stopped watching; the server at {accepted['place']} goes on with job {accepted['id']}.",
            f"`blogen jobs show {accepted['id']}` tells how it is, `blogen jobs cancel {accepted['id']}` stops it.",
        )
    else:
        say(
            f"Job {accepted['id']} is kept with all its finished steps.",
            f"`blogen jobs resume {accepted['id']} --wait` or `blogen serve` goes on with it, "
            f"`blogen jobs cancel {accepted['id']}` drops it.",
        )
