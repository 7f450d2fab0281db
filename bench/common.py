"""What every benchmark shares: rounds in turn, paired ratios, a table, a verdict beside the target.

A contender is a command that prints one JSON object as its last line. Each measurement is a process and a folder of
its own; contenders take turns and swap their order each round, so that what else the machine does falls on all alike.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 180
"""No single measurement takes longer: a contender that hangs is an answer too."""

Sample = dict[str, float]
Measure = Callable[[Path], Sample]


def command(*words: str, python: str | Path = sys.executable, limit_seconds: float = LIMIT_SECONDS) -> Measure:
    """Measure by running `python words…` with the folder to work in as the last word."""

    def measure(folder: Path) -> Sample:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        try:
            ended = subprocess.run(
                [str(python), *words, str(folder)],
                cwd=ROOT, env=environment, capture_output=True, text=True, timeout=limit_seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            fail(f"{' '.join(words)} did not end within {limit_seconds:.0f} s")
        if ended.returncode:
            fail(f"{' '.join(words)} failed ({ended.returncode}):\n{ended.stderr[-3000:]}")
        sample: Sample = json.loads(ended.stdout.strip().splitlines()[-1])
        return sample

    return measure


def alternate(contenders: Mapping[str, Measure], rounds: int) -> dict[str, list[Sample]]:
    """Let the contenders measure in turn, `rounds` times, forwards and backwards."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name in list(contenders)[:: -1 if turn % 2 else 1]:
            with folder() as place:
                samples[name].append(contenders[name](place))
    return samples


def ratio(ours: Sequence[Sample], base: Sequence[Sample], what: str) -> float:
    """The median of the rounds' own ratios: steadier than the ratio of two medians."""
    return statistics.median(one[what] / other[what] for one, other in zip(ours, base, strict=True))


def median(samples: Sequence[Sample], what: str) -> float:
    return statistics.median(sample[what] for sample in samples)


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder on the disk that holds the program: in memory, durability would cost nothing."""
    parent = ROOT / "artefacts" / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def peers_python(*packages: str) -> Path:
    """A Python with other people's packages, in an environment apart, made on first use."""
    environment = ROOT / "artefacts" / "bench" / "peers"
    python = environment / "bin" / "python"
    wanted = environment / "installed"
    if not wanted.exists() or wanted.read_text() != " ".join(packages):
        print(f"Installing {', '.join(packages)} from the package index, once ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True, stderr=subprocess.DEVNULL)
        wanted.write_text(" ".join(packages))
    return python


def answer(**sample: float) -> None:
    """What a contender says at its end."""
    print(json.dumps(sample), flush=True)


def pss_bytes(pid: int | str = "self", *, of: str = "Pss") -> int:
    """Memory of a process, pages that it shares counted by their share.

    `Pss_Anon` is the part that belongs to no file: what it grows by does not depend on who else runs the same programs.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{of}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not say how much memory the process has")


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print `rows` under `heads`; numbers to the right."""
    print(title)
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        first, *others = row
        print("  " + "  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])]).rstrip())


class Verdicts:
    """The targets of one benchmark; `exit` ends with 1 if one was missed."""

    def __init__(self) -> None:
        self._missed = False

    def at_least(self, what: str, value: float, target: float, unit: str = "x") -> None:
        self._say(what, value, target, unit, ">=", value >= target)

    def at_most(self, what: str, value: float, target: float, unit: str = "x") -> None:
        self._say(what, value, target, unit, "<=", value <= target)

    def tell(self, what: str, value: float, unit: str = "x") -> None:
        """Without a target."""
        print(f"       {what}: {_cell(value)} {unit}")

    def _say(self, what: str, value: float, target: float, unit: str, sign: str, kept: bool) -> None:
        self._missed = self._missed or not kept
        print(f"  {'ok  ' if kept else 'MISS'} {what}: {_cell(value)} {unit} (target {sign} {_cell(target)} {unit})")

    def exit(self) -> NoReturn:
        sys.exit(1 if self._missed else 0)


def fail(why: str) -> NoReturn:
    print(why, file=sys.stderr)
    sys.exit(2)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
