"""`blogen doctor`: is everything that Blogen needs there and well? Nothing is changed.

Nothing is paid for either, except with `--probe`: what a text service understands can only be tried by calls, and those
are made without asking where they cost nothing.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blogen.cli.arguments import Commands
from blogen.cli.exits import DONE, FAILED
from blogen.cli.running import run
from blogen.errors import BlogenError, ConfigError

if TYPE_CHECKING:
    from blogen.config import Config
    from blogen.providers.protocols import Probe

_LITTLE_SPACE_BYTES = 200_000_000


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    probe: "Probe | None" = None
    """What came of trying what a service understands; None where there is nothing to try."""


def add(commands: Commands) -> None:
    parser = commands.add("doctor", "check the configuration, the data folder, the database and each AI service")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--probe", action="store_true",
        help="try what paid text services understand, too: makes a few tiny PAID calls to each, which the caps and "
        "`blogen costs` do not count (free ones are always tried)",
    )  # fmt: skip
    parser.set_defaults(run=lambda arguments: run(_doctor(arguments)))


async def _doctor(arguments: argparse.Namespace) -> int:
    from blogen.cli.plain import print_json

    checks = []
    async for check in _checks(arguments):
        checks.append(check)
        if not arguments.json:
            _print(check)
    ok = all(check.ok for check in checks)
    if arguments.json:
        print_json({"ok": ok, "checks": [_as_json(check) for check in checks]})
    return DONE if ok else FAILED


async def _checks(arguments: argparse.Namespace) -> AsyncIterator[Check]:
    from blogen.cli.settings import config_file, read_config

    try:
        config = read_config(arguments, with_providers=True)
    except ConfigError as error:
        for place, message in error.errors or [("configuration", error.detail)]:
            yield Check("configuration", ok=False, detail=f"{place}: {message}")
        return
    yield Check("configuration", ok=True, detail=str(config_file(arguments) or "no file; the defaults are used"))
    yield _data_folder(config.data.dir)
    yield _disk(config.data.dir)
    yield await _server(config.data.dir)
    yield await asyncio.to_thread(_database, config.data.dir)
    yield _page_files()
    for check in _own_templates(config.data.dir):
        yield check
    if config.site.websub_hubs:
        yield _hubs(config)
    async for check in _providers(config, may_pay=arguments.probe):
        yield check


def _data_folder(path: Path) -> Check:
    place = _existing(path)
    try:
        if not place.is_dir():
            raise NotADirectoryError(20, "not a folder")
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Check(
            "data folder", ok=False, detail=f"{place.absolute()} cannot be written ({error.strerror}).",
            remedy="Give this user the right to write there, or choose another folder (--data-dir, data.dir).",
        )  # fmt: skip
    will = "" if place == path else "; it will be made at the first start"
    return Check("data folder", ok=True, detail=f"{path.absolute()} can be written{will}")


def _disk(path: Path) -> Check:
    free = shutil.disk_usage(_existing(path)).free
    if free < _LITTLE_SPACE_BYTES:
        return Check("disk", ok=False, detail=f"only {_gigabytes(free)} are free.", remedy="Make room on the disk.")
    return Check("disk", ok=True, detail=f"{_gigabytes(free)} are free")


async def _server(data_dir: Path) -> Check:
    from blogen.cli.server_file import read_server_file
    from blogen.store.folder import DataFolder

    if not data_dir.is_dir() or not DataFolder.is_claimed(data_dir):
        return Check("server", ok=True, detail="none runs on this data folder")
    server = read_server_file(data_dir)
    if server is None:
        return Check("server", ok=True, detail="another command works on this data folder, or a server is starting")
    problem = await _unready(server.url)
    if problem:
        return Check("server", ok=False, detail=f"{server.url}: {problem}", remedy="Its log tells more.")
    return Check("server", ok=True, detail=f"answers at {server.url} (process {server.pid})")


async def _unready(url: str) -> str:
    import aiohttp

    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.get(f"{url}/readyz") as response,
        ):
            return "" if response.status == 200 else f"is not ready: {(await response.text())[:300]}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"does not answer ({str(error) or type(error).__name__})."


def _database(data_dir: Path) -> Check:
    from blogen.store.folder import database_path, has_database
    from blogen.store.schema import examine

    path = database_path(data_dir)
    try:
        if not has_database(data_dir):
            return Check("database", ok=True, detail="will be made at the first start")
        found = examine(path)
    except BlogenError as error:
        return Check("database", ok=False, detail=error.detail, remedy=error.remedy)
    if found.damage:
        remedy = "Stop Blogen, move the file away and put a copy from `backups/` in its place."
        return Check("database", ok=False, detail=f"{path} is damaged: {found.damage}.", remedy=remedy)
    if found.version > found.newest:
        detail = f"it has schema {found.version}; this Blogen knows {found.newest} at most."
        return Check("database", ok=False, detail=detail, remedy="Start the newer version of Blogen that wrote it.")
    later = "" if found.version == found.newest else f"; the next start brings it to {found.newest}"
    return Check("database", ok=True, detail=f"schema {found.version}{later}, no damage found")


def _page_files() -> Check:
    from blogen.web.folders import STATIC, TEMPLATES

    for folder in (TEMPLATES, STATIC):
        if not folder.is_dir() or not any(folder.iterdir()):
            return Check("pages", ok=False, detail=f"{folder} is missing or empty.", remedy="Install Blogen again.")
    return Check("pages", ok=True, detail="templates and static files are there")


def _hubs(config: "Config") -> Check:
    if config.server.base_url is None:
        return Check(
            "hubs", ok=False, detail="none is told of new posts: nobody has said where it finds the feeds.",
            remedy="Set `server.base_url` to the address that readers use, or empty `site.websub_hubs`.",
        )  # fmt: skip
    return Check("hubs", ok=True, detail=f"{len(config.site.websub_hubs)} are told of new posts")


def _own_templates(data_dir: Path) -> Iterator[Check]:
    """The owner's own templates, where there are any: whether they can be read. What comes of them only pages show."""
    from blogen.web.own_templates import OwnTemplates

    own = OwnTemplates(data_dir / "templates" / "reader")
    own.look()
    if not own.files:
        return
    from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError

    from blogen.web.own_loader import OwnLoader

    environment = Environment(loader=OwnLoader(own.folder), autoescape=True)
    wrong = []
    for name in own.files:
        try:
            environment.parse(OwnLoader(own.folder).get_source(environment, name)[0], name)
        except TemplateSyntaxError as error:
            wrong.append(f"{own.folder / name}, line {error.lineno}: {error.message}.")
        except TemplateNotFound:
            wrong.append(f"{own.folder / name} is never used: these pages are Blogen's own.")
    if wrong:
        yield Check("own templates", ok=False, detail=" ".join(wrong), remedy="Ours are shown instead; docs/THEMES.md.")
    else:
        yield Check("own templates", ok=True, detail=f"{len(own.files)} in use")


async def _providers(config: "Config", *, may_pay: bool) -> AsyncIterator[Check]:
    from blogen.providers.checkup import Checkup
    from blogen.providers.registry import Registry

    registry = Registry(config)
    checkup = Checkup(registry)
    try:
        asked = [
            asyncio.create_task(checkup.look(trade, name, url, may_pay=may_pay))
            for trade, name in registry.names()
            for url in registry.section(trade, name).base_urls or [""]
        ]
        if "offline" in config.order("text"):
            yield Check("text.offline", ok=True, detail="built in")
        for look in asked:
            yield Check(*await look)
    finally:
        await registry.close()


def _as_json(check: Check) -> dict[str, Any]:
    """A check as programs read it: its `detail` and `remedy` say what is wrong, also where only trying has shown it."""
    told = check._asdict()
    if check.probe is None:
        return told
    from blogen.domain.money import usd
    from blogen.providers.checkup import Finding

    probe = check.probe
    micros = probe.usage.cost_usd_micros
    told["probe"] = {
        "tried": probe.is_tried,
        **probe.model_dump(include={"ok", "detail", "remedy", "calls"}),
        "input_tokens": probe.usage.input_tokens,
        "output_tokens": probe.usage.output_tokens,
        "cost_usd": None if micros is None else usd(micros),
        "capabilities": [capability.model_dump() for capability in probe.capabilities],
    }
    finding = Finding(*check)
    told["detail"], told["remedy"] = finding.details, finding.remedies
    return told


def _print(check: Check) -> None:
    from blogen.cli.plain import visible

    print(f"{_mark(check.ok)} {check.name:<14} {visible(check.detail)}")
    if check.remedy and not check.ok:
        print(f"  {'':<14} {visible(check.remedy)}")
    if check.probe is not None:
        _print_probe(check.probe)
    sys.stdout.flush()


def _print_probe(probe: "Probe") -> None:
    from blogen.cli.plain import visible

    print(f"  {'':<14} {visible(probe.detail)}")
    if probe.remedy:
        print(f"  {'':<14} {visible(probe.remedy)}")
    for found in probe.capabilities if probe.is_tried else []:
        mark = "!" if found.ok and (found.remedy or not found.found) else _mark(found.ok)
        print(f"  {'':<14} {mark} {found.key} ({found.assumed}): {visible(found.detail)}")
        if found.remedy:
            print(f"  {'':<14}   {visible(found.remedy)}")


def _mark(ok: bool) -> str:
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return ("✓" if ok else "✗") if is_unicode else ("ok" if ok else "NO")


def _existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that is there and may be seen."""
    return next((place for place in (path, *path.absolute().parents) if os.access(place, os.F_OK)), path)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
