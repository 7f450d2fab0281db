"""Plain text: what may stand in a post at all, what search reads, and how long it takes to read."""

import math
import re
from collections.abc import Iterable, Sequence

from blogen.domain.post import (
    Block,
    BulletList,
    Code,
    Heading,
    Image,
    Note,
    NumberedList,
    Paragraph,
    Quote,
    Rule,
    Run,
    Table,
)

_WORDS_A_MINUTE = 220
_CHARACTERS_A_MINUTE = 400
"""Chinese and Japanese, where `word_count` counts characters."""

# What XML 1.0 and UTF-8 cannot carry, the C1 controls, and the two overrides that make text read other than it is.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202d\u202e\ufdd0-\ufdef\ufffe\uffff]")

_IDEOGRAPHS = "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")
_CLOSED_UP = re.compile(f"[{_IDEOGRAPHS}\u3000-\u303f\uff00-\uffef]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+")
"""Thai, Lao, Burmese, Khmer: written without spaces between words."""
_UNSPACED_LETTERS_A_WORD = 5
_WORD = re.compile(r"\w+(?:[-'’.·]\w+)*")


def plain_text(blocks: Iterable[Block], *, with_notes: bool = False) -> str:
    """The words of a post, paragraph by paragraph, without marks and footnote numbers.

    Notes are left out unless asked for: they are the sources' words, not the post's.
    """
    lines = (_block_text(block) for block in blocks if with_notes or not isinstance(block, Note))
    return "\n\n".join(line for line in lines if line)


def word_count(text: str, language: str = "en") -> int:
    """Words of `text`. Chinese and Japanese characters count one each, as readers there count; words of unspaced
    scripts such as Thai are estimated from their length. In Korean, ideographs are part of spaced words."""
    ideographs = 0
    if _primary(language) != "ko":
        text, ideographs = _IDEOGRAPH.subn(" ", text)
    unspaced = sum(math.ceil(len(found) / _UNSPACED_LETTERS_A_WORD) for found in _UNSPACED.findall(text))
    return ideographs + unspaced + len(_WORD.findall(_UNSPACED.sub(" ", text)))


def reading_minutes(words: int, language: str = "en") -> int:
    """Minutes an adult needs for `words` as `word_count` counts them, at least one."""
    pace = _CHARACTERS_A_MINUTE if _primary(language) in {"zh", "ja", "yue"} else _WORDS_A_MINUTE
    return max(1, math.ceil(words / pace))


def clean(text: str) -> str:
    """`text` without characters that HTML, XML or UTF-8 cannot carry."""
    return _UNFIT.sub("", text)


def is_closed_up(before: str, after: str) -> bool:
    """Whether a line break between these characters is no space, as in Chinese and Japanese."""
    return bool(_CLOSED_UP.match(before) and _CLOSED_UP.match(after))


def runs_text(runs: Sequence[Run]) -> str:
    return "".join(run.text for run in runs if run.note is None)


def _primary(language: str) -> str:
    return language.lower().partition("-")[0]


def _block_text(block: Block) -> str:
    match block:
        case Paragraph() | Heading() | Quote() | Note():
            return runs_text(block.runs)
        case BulletList() | NumberedList():
            return "\n".join(runs_text(item) for item in block.items)
        case Code():
            return block.text
        case Image():
            return "\n".join(filter(None, (block.alt, block.caption)))
        case Table():
            return "\n".join(" ".join(filter(None, map(runs_text, row))) for row in (block.head, *block.rows))
        case Rule():
            return ""
