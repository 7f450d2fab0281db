"""What a person sees of a job while it is worked: a line that redraws on a terminal, plain lines elsewhere."""

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from blogen.cli.plain import shortened, visible
from blogen.domain.job import PATH, JobState
from blogen.events import (
    Event,
    JobFailed,
    JobMoved,
    JobWaiting,
    JobWoken,
    StepBegun,
    StepFailed,
    StepFinished,
    TextStreamed,
)

_REDRAW_SECONDS = 0.05
_BAR_COLUMNS = 20
_CLEAR = "\r\x1b[K"
_WORKED = [state for state in PATH if state not in {JobState.IN_REVIEW, JobState.SCHEDULED}]
"""The states every job goes through: what the bar counts."""


class Progress:
    """Hears the events of one job and shows them on `stream`."""

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        show_text: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._show_text = show_text
        self._now = now
        self._started = now()
        self._state = JobState.QUEUED
        self._running: dict[str, None] = {}
        self._done = 0
        self._waits = ""
        self._drawn_at = float("-inf")
        self._has_line = False
        self._text = _Text(stream)
        self._marks = _UNICODE if _speaks_unicode(stream) else _ASCII
        # While text is written, a line that redraws would be in its way.
        self.redraws = not quiet and not show_text and _is_terminal(stream)

    def hear(self, event: Event) -> None:
        """Take in one event of the job and show it."""
        match event:
            case JobMoved(_, _, target):
                self._state, self._waits = JobState(target), ""
                self._running.clear()
                if not self._state.is_final:
                    self._tell(self._state)
            case StepBegun(_, step):
                self._running[step] = None
                if self._show_text and not self._quiet:
                    self._text.begin(step)
            case StepFinished(_, step):
                self._running.pop(step, None)
                self._done += 1
                self._tell(f"{self._state}: {step} done")
                self._text.end(step)
            case StepFailed(_, step, code, _):
                self._running.pop(step, None)
                self._tell(f"{self._state}: {step} failed ({code})")
                self._text.end(step)
            case JobWaiting(_, _, waiting_for, until, reason):
                self._waits = _waiting_words(waiting_for, until, reason)
                self._tell(f"{self._state}: {self._waits}")
            case JobWoken():
                self._waits = ""
            case TextStreamed(_, step, text) if self._show_text and not self._quiet:
                self._text.add(step, text)
            case JobFailed(_, state, _, _, _):
                self._tell(f"failed while {state}")
            case _:
                return
        self.draw()

    def draw(self, *, now: bool = False) -> None:
        """Redraw the line, if there is one and it is time to."""
        if not self.redraws or (not now and self._now() - self._drawn_at < _REDRAW_SECONDS):
            return
        self._drawn_at = self._now()
        self._stream.write(f"\r{shortened(self.line(), _width(self._stream) - 1)}\x1b[K")
        self._stream.flush()
        self._has_line = True

    def line(self) -> str:
        """The line as it stands: spinner, state, bar, steps, time."""
        marks = self._marks
        place = _WORKED.index(self._state) if self._state in _WORKED else len(_WORKED) - 2
        filled = round(_BAR_COLUMNS * place / (len(_WORKED) - 1))
        bar = marks.full * filled + marks.empty * (_BAR_COLUMNS - filled)
        spinner = marks.spinner[int(self._now() * 10) % len(marks.spinner)]
        doing = self._waits or ", ".join(self._running)
        steps = f"{self._done} step{'' if self._done == 1 else 's'} done"
        parts = [f"{spinner} {self._state:<12} {bar} {place}/{len(_WORKED) - 1}", self.elapsed(), steps, doing]
        return "  ".join(visible(part) for part in parts if part)

    def elapsed(self) -> str:
        seconds = int(self._now() - self._started)
        hours, minutes = seconds // 3600, seconds % 3600 // 60
        return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"

    def write(self, text: str) -> int:
        """Other lines, e.g. of the log, go above the line that redraws."""
        self.clear()
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def clear(self) -> None:
        if self._has_line:
            self._stream.write(_CLEAR)
            self._has_line = False

    def end(self, outcome: str, *, is_good: bool) -> None:
        """The last line: what became of the job."""
        self._text.finish()
        self.clear()
        if not self._quiet:
            mark = self._marks.good if is_good else self._marks.bad
            steps = f"{self._done} step{'' if self._done == 1 else 's'}"
            self._stream.write(f"{mark} {visible(outcome)} ({steps}, {self.elapsed()})\n")
        self._stream.flush()

    def _tell(self, words: str) -> None:
        if self._quiet or self.redraws:
            return
        self._text.say(f"{self.elapsed():>7}  {visible(words)}\n")


class _Text:
    """Shows texts that are written side by side one after the other: the first live, the rest once it has ended.

    What is written for the program, JSON, is not shown.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: str | None = None
        self._waiting: dict[str, str] = {}
        self._ended: set[str] = set()
        self._lines: list[str] = []
        self._is_prose: dict[str, bool] = {}
        self._is_midline = False

    def begin(self, step: str) -> None:
        self._ended.discard(step)
        self._is_prose.pop(step, None)

    def add(self, step: str, text: str) -> None:
        if step not in self._is_prose:
            if not text.strip():
                return
            self._is_prose[step] = not text.lstrip().startswith("{")
        if not self._is_prose[step]:
            return
        if self._shown is None:
            self._show(step)
        if step == self._shown:
            self._put(text)
        else:
            self._waiting[step] = self._waiting.get(step, "") + text

    def say(self, line: str) -> None:
        """A line that is no text: at once, or behind the text that is being shown."""
        if self._shown is None:
            self._stream.write(line)
            self._stream.flush()
        else:
            self._lines.append(line)

    def end(self, step: str) -> None:
        """`step` will add no more; the next text in line gets its turn."""
        self._ended.add(step)
        while self._shown is not None and self._has_ended(self._shown):
            self._close()
            if self._waiting:
                following = next(iter(self._waiting))
                self._show(following)
                self._put(self._waiting.pop(following))

    def finish(self) -> None:
        """Nothing more comes: show what still waits."""
        for step, text in self._waiting.items():
            self._show(step)
            self._put(text)
        self._waiting.clear()
        self._close()

    def _close(self) -> None:
        """End the text that is shown, and write what had to wait for that."""
        if self._is_midline:
            self._stream.write("\n")
        self._stream.write("".join(self._lines))
        self._stream.flush()
        self._lines.clear()
        self._is_midline, self._shown = False, None

    def _has_ended(self, step: str) -> bool:
        return any(step == ended or step.startswith(f"{ended}/") for ended in self._ended)

    def _show(self, step: str) -> None:
        self._close()
        self._shown = step
        self._stream.write(f"--- {visible(step)}\n")

    def _put(self, text: str) -> None:
        if text:
            self._stream.write(visible(text, keep="\n\t"))
            self._stream.flush()
            self._is_midline = not text.endswith("\n")


class _Marks:
    def __init__(self, spinner: str, full: str, empty: str, good: str, bad: str) -> None:
        self.spinner, self.full, self.empty, self.good, self.bad = spinner, full, empty, good, bad


_UNICODE = _Marks("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "━", "─", "✓", "✗")
_ASCII = _Marks("|/-\\", "#", "-", "ok:", "no:")


def _waiting_words(waiting_for: str, until: int | None, reason: str) -> str:
    words = f"waits for {waiting_for}"
    if until is not None:
        words += f" until {datetime.fromtimestamp(until / 1000).astimezone():%H:%M:%S}"
    return f"{words}: {reason}" if reason else words


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _speaks_unicode(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
