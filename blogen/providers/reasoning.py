"""Takes a model's reasoning out of its text: `<think>…</think>` and its relatives.

The marks are those that models' chat templates use and that servers leave in a text when they do not know the model:
DeepSeek, Qwen and others (`<think>`), Seed (`<seed:think>`), Kimi (`◁think▷`), Mistral (`[THINK]`), Cohere
(`<|START_THINKING|>`), gpt-oss' Harmony channels (`<|channel|>analysis<|message|>`), Gemma (`<|channel>thought`).
"""

import re
from typing import NamedTuple


class _Block(NamedTuple):
    """How reasoning begins and ends; regular expressions. `may_lack_beginning`: some templates send only the end."""

    opening: str
    closing: str
    may_lack_beginning: bool = True


_BLOCKS = (
    *(_Block(f"<{name}>", f"</{name}>") for name in ("think", "thinking", "thought", "reasoning", "seed:think")),
    _Block("◁think▷", "◁/think▷"),
    _Block(r"\[THINK\]", r"\[/THINK\]"),
    _Block(r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    _Block(r"<\|channel>thought\b", r"<channel\|>"),
    _Block(r"<\|channel\|>(?:analysis|commentary)[^<>]{0,60}<\|message\|>", r"<\|end\|>|(?=<\|channel\|>)", False),
)
_LEFT_OVER = r"<\|start\|>assistant|<\|channel\|>final[^<>]{0,60}<\|message\|>|<\|(?:return|end|im_end)\|>"
"""What stands around the answer itself, and is no part of it."""

_OPENING = re.compile(
    "|".join(f"(?P<b{number}>{block.opening})" for number, block in enumerate(_BLOCKS)) + f"|(?P<left>{_LEFT_OVER})",
    re.I,
)
_CLOSINGS = tuple(re.compile(block.closing, re.I) for block in _BLOCKS)
_UNOPENED = re.compile("|".join(block.closing for block in _BLOCKS if block.may_lack_beginning), re.I)
_FIRST = "<◁["
"""Every mark begins with one of these: most texts have none, and are not looked through further."""
_LONGEST = 120
"""No mark is longer."""


def without_reasoning(text: str) -> str:
    """`text` without reasoning blocks, also if the first one lacks its beginning or the last one its end.

    A mark in backticks is text about it. Takes time in proportion to the text, whatever is in it.
    """
    if not any(character in text for character in _FIRST):
        return text.strip()
    kept: list[str] = []
    at, has_text = 0, False
    unclosed: set[int] = set()
    position = 0
    while (opening := _OPENING.search(text, position)) is not None:
        position = opening.end()
        number = _number(opening)
        if text[opening.start() - 1 : opening.start()] == "`" or number in unclosed:
            continue
        before = text[at : opening.start()]
        has_text = has_text or bool(before.strip())
        if number is None:
            kept.append(before)
            at = position
            continue
        closing = _CLOSINGS[number].search(text, position)
        if closing is None:
            if not has_text:
                at = len(text)  # the answer never began
                break
            unclosed.add(number)
            continue
        kept.append(before)
        at = position = _past_space(text, closing.end())
    kept.append(text[at:])
    return _without_unopened("".join(kept)).strip()


class ReasoningFilter:
    """The same for a text that comes in pieces: says what of it may be shown already."""

    def __init__(self) -> None:
        self._held = ""
        self._closing: re.Pattern[str] | None = None
        self._is_after_block = False

    def feed(self, piece: str) -> str:
        self._held += piece
        visible = ""
        while True:
            if self._closing is not None:
                end = self._closing.search(self._held)
                if end is None:
                    self._held = self._held[-_LONGEST:]
                    return visible
                self._held = self._held[end.end() :]
                self._closing, self._is_after_block = None, True
                continue
            if self._is_after_block:
                self._held = self._held.lstrip()
                if not self._held:
                    return visible
                self._is_after_block = False
                continue
            opening = _OPENING.search(self._held)
            if opening is not None:
                visible += self._held[: opening.start()]
                self._held = self._held[opening.end() :]
                number = _number(opening)
                self._closing = None if number is None else _CLOSINGS[number]
                continue
            keep = _possible_opening(self._held)
            visible += self._held[: len(self._held) - keep]
            self._held = self._held[len(self._held) - keep :]
            return visible

    def finish(self) -> str:
        """What was held back and turned out to be text."""
        held, self._held = ("" if self._closing else self._held), ""
        return held


def _number(opening: re.Match[str]) -> int | None:
    """Which block an opening begins; None for what is only left out itself."""
    group = opening.lastgroup or "left"
    return None if group == "left" else int(group[1:])


def _without_unopened(text: str) -> str:
    """Without what stands before the end of a block that has no beginning."""
    closing = _UNOPENED.search(text)
    if closing is None or "`" in text[: closing.end()]:
        return text
    return text[closing.end() :]


def _past_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _possible_opening(text: str) -> int:
    """How many characters at the end could be the beginning of a mark."""
    tail = text[-_LONGEST:]
    start = max(tail.rfind(character) for character in _FIRST)
    # A mark of several parts: `<|channel|>analysis<|message|>`.
    if (channel := tail.rfind("<|channel")) >= 0 and not tail[channel:].endswith("|message|>"):
        start = min(start, channel)
    if start < 0:
        return 0
    return len(tail) - start if _BEGINNING.fullmatch(tail[start:]) else 0


def _beginnings() -> str:
    """Every beginning of every mark, as one expression."""
    names = ("think>", "thinking>", "thought>", "reasoning>", "seed:think>", "|START_THINKING|>", "|start|>assistant",
             "|return|>", "|end|>", "|im_end|>", "|channel>thought")  # fmt: skip
    words = [f"<{name}" for name in names] + ["◁think▷", "[THINK]"]
    return "|".join(_prefixes(word) for word in words) + r"|<\|channel\|?(?:>[\w \n]{0,60}(?:<\|?m?e?s?s?a?g?e?\|?)?)?"


def _prefixes(word: str) -> str:
    """`abc` as an expression for a, ab and abc."""
    nested = ""
    for letter in reversed(word):
        nested = f"{re.escape(letter)}(?:{nested})?" if nested else re.escape(letter)
    return nested


_BEGINNING = re.compile(_beginnings(), re.I)
