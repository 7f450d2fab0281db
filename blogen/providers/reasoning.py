"""Takes a model's reasoning out of its text: `<think>…</think>` and its relatives."""

import re

_NAMES = "think|thinking|thought|reasoning"
_BLOCK = re.compile(rf"(?<!`)<({_NAMES})>.*?</\1>\s*|\A\s*<({_NAMES})>.*\Z", re.S | re.I)
_UNOPENED = re.compile(rf"\A.*?</({_NAMES})>\s*", re.S | re.I)
_OPENINGS = tuple(f"<{name}>" for name in _NAMES.split("|"))
_LONGEST = len("</reasoning>")


def without_reasoning(text: str) -> str:
    """`text` without reasoning blocks, also if the first one lacks its beginning or the last one its end."""
    text = _BLOCK.sub("", text)
    if (stray := _UNOPENED.match(text)) and "`" not in text[: stray.end()]:
        text = text[stray.end() :]
    return text.strip()


class ReasoningFilter:
    """The same for a text that comes in pieces: says what of it may be shown already."""

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._is_after_block = False

    def feed(self, piece: str) -> str:
        self._held += piece
        visible = ""
        while True:
            lowered = self._held.lower()
            if self._closing:
                end = lowered.find(self._closing)
                if end < 0:
                    self._held = self._held[-_LONGEST:]
                    return visible
                self._held = self._held[end + len(self._closing) :]
                self._closing, self._is_after_block = "", True
                continue
            if self._is_after_block:
                self._held = self._held.lstrip()
                if not self._held:
                    return visible
                self._is_after_block = False
                continue
            at, opening = min(((lowered.find(tag), tag) for tag in _OPENINGS if tag in lowered), default=(-1, ""))
            if at >= 0:
                visible += self._held[:at]
                self._held = self._held[at + len(opening) :]
                self._closing = f"</{opening[1:]}"
                continue
            keep = _possible_opening(lowered)
            visible += self._held[: len(self._held) - keep]
            self._held = self._held[len(self._held) - keep :]
            return visible

    def finish(self) -> str:
        """What was held back and turned out to be text."""
        held, self._held = ("" if self._closing else self._held), ""
        return held


def _possible_opening(lowered: str) -> int:
    """How many characters at the end could be the beginning of a tag."""
    for length in range(min(_LONGEST, len(lowered)), 0, -1):
        if any(tag.startswith(lowered[-length:]) for tag in _OPENINGS):
            return length
    return 0
