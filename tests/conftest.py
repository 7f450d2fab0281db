"""For all tests: what property tests may take (a busy machine is no defect), where files lie, what begins first."""

import fcntl
import gc
import os
import shutil
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from blogen.store import people
from tests import compiled

settings.register_profile("blogen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("blogen")

IN_MEMORY, ROOM_BYTES = "/dev/shm", 3_000_000_000
with suppress(OSError):
    # What a killed process has written is there in memory as on a disk; only a loss of power would tell them apart.
    if shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES and os.access(IN_MEMORY, os.W_OK):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", IN_MEMORY)

people.HASHING = people.HashCost(rounds=1, kib=8)
"""What every password costs in these processes; in those of owners it costs more (tests/cli/test_users.py)."""

LONGEST_FIRST = ("tests/e2e/test_crash_", "tests/api/test_schemathesis", "tests/e2e/", "tests/site/")
"""Files of few tests that take minutes: begun last, one worker would end them alone."""


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all workers keep them."""
    its_own = tmp_path_factory.getbasetemp()
    folder = (its_own.parent if "PYTEST_XDIST_WORKER" in os.environ else its_own) / "compiled"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def compile_once(compiled_templates: Path) -> None:
    compiled.share(compiled_templates)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """In a fresh checkout one worker compiles the tests and all that they import; the others read what it has kept."""
    with Path(__file__).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_SH)
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((place for place, one in enumerate(LONGEST_FIRST) if item.nodeid.startswith(one)), 99)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    # Eight thousand tests are no rubbish: to look through them again and again was a tenth of the time.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
