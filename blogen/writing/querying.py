"""What to search for: queries made legal, and queries made without a model."""

import re
from collections.abc import Iterable, Sequence

from blogen.domain.writing import Brief, Queries
from blogen.writing.markdown import without_thoughts
from blogen.writing.words import Vocabulary, is_unspaced

MOST_QUERIES = 5

_MOST_CHARACTERS = 200
_WORDS_OF_THE_BRIEF = 5
_WORD = re.compile(r"\w+(?:['’\-+#.]+\w+)*[+#]*")
_OPERATOR = re.compile(
    r"(?<!\w)-?(?:site|inurl|intitle|intext|filetype|ext|related|cache|link|url|loc|lang)\s?:\s?\S*", re.IGNORECASE
)
_LEADING = re.compile(r"^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)")


def searchable(proposed: Iterable[str]) -> Queries:
    """At most five different queries of one line each, without what search engines take for orders."""
    found: dict[str, str] = {}
    for text in proposed:
        line = " ".join(_OPERATOR.sub(" ", _LEADING.sub("", without_thoughts(text))).split())
        words = "".join(sign for sign in line if sign.isprintable())
        if len(words) > _MOST_CHARACTERS:
            cut = words[:_MOST_CHARACTERS]
            words = cut.rpartition(" ")[0] or cut
        if any(map(str.isalnum, words)):
            found.setdefault(words.casefold(), words)
    return Queries(items=list(found.values())[:MOST_QUERIES])


def key_words(brief: Brief) -> Sequence[str]:
    """The telling words of the topic, the topic as it stands, and its words with those of tags and brief."""
    topic = brief.topic.strip()
    if is_unspaced(topic):
        return [topic, *(f"{topic} {tag}" for tag in brief.tags[:1])]
    vocabulary = Vocabulary(brief.language)
    words = _telling(topic, vocabulary)
    plain = " ".join(words) or topic
    known = {word.casefold() for word in words}
    more = [word for word in _telling(brief.brief, vocabulary) if word.casefold() not in known]
    tags = [tag for tag in brief.tags[:2] if tag.casefold() not in known]
    return [
        plain,
        topic,
        *([f"{plain} {' '.join(tags)}"] if tags else []),
        *([f"{plain} {' '.join(more[:_WORDS_OF_THE_BRIEF])}"] if more else []),
    ]


def _telling(text: str, vocabulary: Vocabulary) -> list[str]:
    words = dict.fromkeys(_WORD.findall(text))
    return [word for word in words if not vocabulary.is_small(word) and (len(word) > 1 or word.isdigit())]
