"""Chooses and orders sentences: the part of the writer without a model that decides what a post says.

Nothing here makes up words. A sentence is taken as it stands or left; headings are the sources' own, or words that
the sources use most.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from blogen.domain.source import Research
from blogen.domain.writing import Brief, Outline
from blogen.writing.passages import bm25, central, language_of, likeness, query_terms, rarity, vector
from blogen.writing.words import (
    Vocabulary,
    count_words,
    is_unspaced,
    leans_on_the_sentence_before,
    points_back,
    refers,
    sentences,
)

OPENING, KEY_POINTS = "opening", "key-points"

_SHARE = 0.6
"""A digest is shorter than what it digests: at most this part of the sources' usable words …"""
_SHORT_WORDS = 250
"""… but what is short already is not made shorter."""
_THEME_WORDS, _LEAST_THEME_WORDS = 75, 20
_RELATED = 0.36
"""A theme is left out if it answers the order this much less than the best one."""
_ALIKE = 0.65


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a source: where it stands, and whether it can stand in a post."""

    index: int
    text: str
    passage: str
    source: str
    heading: str
    paragraph: int
    """Number of its paragraph, counted through all passages."""
    words: int
    is_first: bool
    """It opens its paragraph."""
    is_last: bool
    leans: bool
    """It points back, so that it needs the sentence before it."""
    refers: bool
    """Some word of it may stand for something said before."""
    stands_alone: bool
    """It can be shown without any other."""
    is_usable: bool
    score: float


@dataclass(frozen=True, slots=True)
class Theme:
    heading: str
    passages: tuple[str, ...]
    value: float


class Digest:
    """What can be said about an order with the words of its sources."""

    def __init__(self, brief: Brief, research: Research) -> None:
        self._brief = brief
        self.languages = {source.key: language_of(source, brief) for source in research.sources}
        self._titles = {source.key: source.title for source in research.sources}
        self._headings: dict[str, list[str]] = {}
        for passage in research.passages:
            known = self._headings.setdefault(passage.source, [])
            if passage.heading not in known:
                known.append(passage.heading)
        self._vocabularies = {language: Vocabulary(language) for language in self.languages.values()}
        self.sentences = self._scored(list(self._read(research)))
        self.usable_words = sum(sentence.words for sentence in self.sentences if sentence.is_usable)
        self._salient = self._salient_phrases(self.sentences)

    @property
    def is_empty(self) -> bool:
        return not self.usable_words

    @property
    def words(self) -> int:
        """How long the post will be at most: what was ordered, but never more than the sources give."""
        return min(self._brief.words, max(round(self.usable_words * _SHARE), min(self.usable_words, _SHORT_WORDS)))

    def themes(self) -> list[Theme]:
        """What the post's sections are about, in the order of the sources."""
        usable = [sentence for sentence in self.sentences if sentence.is_usable]
        headed = [sentence for sentence in usable if sentence.heading]
        groups = self._by_heading(usable) if 2 * len(headed) >= len(usable) else self._by_phrase(usable)
        groups = [group for group in groups if _usable_words(group[1]) >= _LEAST_THEME_WORDS] or groups
        bodies = [group for group in groups if not self._is_introduction(group[1])]
        groups = bodies if len(bodies) > 1 else groups
        values = self._values([members for _, members in groups])
        themes = [
            Theme(heading, tuple(dict.fromkeys(sentence.passage for sentence in members)), value)
            for (heading, members), value in zip(groups, values, strict=True)
        ]
        most = max(1, min(7, round(self.words / _THEME_WORDS)))
        best = sorted(themes, key=lambda theme: -theme.value)[:most]
        # Where the sources give little, all of it is used; else what is not about the order is left out.
        least = _RELATED if self.usable_words > self._brief.words else 0.0
        kept = [theme for place, theme in enumerate(best) if theme.value >= (least if place != 1 else 0.7 * least)]
        return [theme for theme in themes if theme in kept]

    def lead(self) -> list[Sentence]:
        """The opening: the sentence that says best what it is about, and what belongs to it."""
        candidates = [s for s in self.sentences if s.is_usable and s.stands_alone]
        if not candidates:
            candidates = [sentence for sentence in self.sentences if sentence.is_usable]
        if not candidates:
            return []
        introducing = {s.index for s in candidates if self._is_introduction([s])}
        best = max(
            candidates,
            key=lambda s: (
                s.score * (1.4 if s.is_first else 1.0) * (1.4 if s.index in introducing else 1.0) * _comfort(s),
                -s.index,
            ),
        )
        lead = [best]
        for sentence in self.sentences[best.index + 1 :]:
            fits = sum(s.words for s in lead) + sentence.words <= 75
            if sentence.paragraph != best.paragraph or not sentence.is_usable or not fits or len(lead) == 4:
                break
            lead.append(sentence)
        return lead

    def allocate(self, outline: Outline) -> dict[str, list[Sentence]]:
        """Which sentences each section gets; no sentence twice, nor two that say the same."""
        taken = _Taken()
        given: dict[str, list[Sentence]] = {section.key: [] for section in outline.sections}
        if OPENING in given:
            given[OPENING] = [sentence for sentence in self.lead() if taken.take(sentence)]
        sections = [section for section in outline.sections if section.key not in {OPENING, KEY_POINTS}]
        members = {
            section.key: [s for s in self.sentences if s.passage in set(section.passages)] for section in sections
        }
        if KEY_POINTS in given:
            given[KEY_POINTS] = self._key_points(list(members.values()), taken)
        left = self.words - sum(sentence.words for part in given.values() for sentence in part)
        values = {key: _value(part) * min(1.0, _usable_words(part) / 120) for key, part in members.items()}
        total = sum(values.values()) or 1.0
        for section in sections:
            part = members[section.key]
            given[section.key] = self._body(part, max(40, round(left * values[section.key] / total)), taken)
        return given

    def tags(self, limit: int) -> list[str]:
        """What the post is about, in the sources' words: the order's own, names, and words that belong together."""
        topic = self._brief.topic.lower()
        apt = (
            phrase
            for phrase in self._salient
            if phrase.lower() in topic or " " in phrase or any(map(str.isupper, phrase)) or is_unspaced(phrase)
        )
        return [phrase.lower()[:50] for phrase in apt][:limit]

    # Reading

    def _read(self, research: Research) -> Iterable[Sentence]:
        index = paragraph_number = 0
        for passage in research.passages:
            language = self.languages.get(passage.source, self._brief.language)
            for paragraph in passage.text.split("\n"):
                paragraph_number += 1
                texts = sentences(paragraph, language)
                for place, text in enumerate(texts):
                    yield Sentence(
                        index=index,
                        text=text,
                        passage=passage.key,
                        source=passage.source,
                        heading=passage.heading,
                        paragraph=paragraph_number,
                        words=count_words(text),
                        is_first=place == 0,
                        is_last=place == len(texts) - 1,
                        leans=place > 0 and leans_on_the_sentence_before(text, language),
                        refers=refers(text, language),
                        stands_alone=not points_back(text, language) and not _ASKS.search(text),
                        is_usable=reads_well(text),
                        score=0.0,
                    )
                    index += 1

    def _scored(self, found: list[Sentence]) -> list[Sentence]:
        vocabularies = [self._vocabularies.get(self.languages.get(s.source, "")) for s in found]
        counts = [
            Counter(vocabulary.terms(sentence.text)) if vocabulary else Counter[str]()
            for sentence, vocabulary in zip(found, vocabularies, strict=True)
        ]
        headings = [
            Counter(vocabulary.terms(sentence.heading)) if vocabulary else Counter[str]()
            for sentence, vocabulary in zip(found, vocabularies, strict=True)
        ]
        weights = rarity(counts)
        self._vectors = [vector(count, weights) for count in counts]
        wanted = query_terms(self._brief, self._vocabularies.values())
        direct = bm25(counts, wanted, weights) if found else []
        # A sentence under a heading that answers the order is about the order, even where it does not repeat its words.
        above = bm25(headings, wanted, rarity(headings)) if found else []
        top, top_above = max(direct, default=0.0) or 1.0, max(above, default=0.0) or 1.0
        focus = [0.1 + value / top + 0.5 * upper / top_above for value, upper in zip(direct, above, strict=True)]
        self._focus = focus
        scores = central(self._vectors, focus)
        return [replace(sentence, score=score) for sentence, score in zip(found, scores, strict=True)]

    # Themes

    def _by_heading(self, usable: Sequence[Sentence]) -> list[tuple[str, list[Sentence]]]:
        """Sentences under their headings; a source without headings is a theme of its own."""
        groups: dict[str, tuple[str, list[Sentence]]] = {}
        for sentence in usable:
            name = _plain_words(sentence.heading) or f" {sentence.source}"
            heading = sentence.heading or self._name_of(sentence.source)
            groups.setdefault(name, (heading, []))[1].append(sentence)
        return [(_bare_heading(heading), members) for heading, members in groups.values()]

    def _name_of(self, source: str) -> str:
        """A source's title if it is words, else what the source speaks of most."""
        title = self._titles.get(source, "")
        if " " in title.strip() and count_words(title) <= 12 and not re.search(r"[/_\\]|\.\w{2,4}$", title):
            return title
        text = " ".join(sentence.text.lower() for sentence in self.sentences if sentence.source == source)
        return next((phrase for phrase in self._salient if phrase.lower() in text), title)

    def _is_introduction(self, members: Sequence[Sentence]) -> bool:
        """Whether sentences stand before a source's first section, or under its title."""
        source, heading = members[0].source, members[0].heading
        headings = self._headings.get(source, [])
        return len(headings) > 2 and heading in {"", headings[0]} and members[-1].source == source

    def _values(self, groups: Sequence[Sequence[Sentence]]) -> list[float]:
        """How well each group answers the order, by its own words and by what it shares with the rest; best 1."""
        central_ = [_value(members) for members in groups]
        direct = [sum(sorted((self._focus[s.index] for s in members), reverse=True)[:4]) / 4 for members in groups]
        tops = max(central_, default=0.0) or 1.0, max(direct, default=0.0) or 1.0
        values = [(a / tops[0] + b / tops[1]) / 2 for a, b in zip(central_, direct, strict=True)]
        top = max(values, default=0.0) or 1.0
        return [value / top for value in values]

    def _by_phrase(self, usable: Sequence[Sentence]) -> list[tuple[str, list[Sentence]]]:
        """Passages around what they speak of most; the rest joins the group that it is most like."""
        texts: dict[str, list[Sentence]] = {}
        for sentence in usable:
            texts.setdefault(sentence.passage, []).append(sentence)
        groups_wanted = max(1, min(4, self.words // 150, len(texts)))
        groups: dict[str, list[str]] = {}
        free = list(texts)
        for phrase in self._salient:
            if len(groups) == groups_wanted or not free:
                break
            about = [key for key in free if any(phrase.lower() in s.text.lower() for s in texts[key])]
            # A phrase that stands everywhere divides nothing.
            if about and len(about) <= max(1, round(len(texts) * 0.6)):
                groups[phrase] = about
                free = [key for key in free if key not in about]
        if not groups:
            name = self._salient[0] if self._salient else ""
            return [(_capitalised(name), [s for part in texts.values() for s in part])]
        for key in free:
            nearest = max(
                groups, key=lambda phrase: self._nearness(texts[key], [s for k in groups[phrase] for s in texts[k]])
            )
            groups[nearest].append(key)
        order = {key: place for place, key in enumerate(texts)}
        themes = [
            (_capitalised(phrase), [s for key in sorted(keys, key=order.__getitem__) for s in texts[key]])
            for phrase, keys in groups.items()
        ]
        return sorted(themes, key=lambda theme: theme[1][0].index)

    def _nearness(self, part: Sequence[Sentence], others: Sequence[Sentence]) -> float:
        pairs = [likeness(self._vectors[a.index], self._vectors[b.index]) for a in part for b in others]
        return sum(pairs) / (len(pairs) or 1)

    def _salient_phrases(self, found: Sequence[Sentence]) -> list[str]:
        counts: Counter[str] = Counter()
        score: dict[str, float] = {}
        for sentence in found:
            vocabulary = self._vocabularies.get(self.languages.get(sentence.source, ""))
            if vocabulary is None:
                continue
            for phrase in _phrases_of(sentence.text, vocabulary):
                counts[phrase] += 1
                score[phrase] = score.get(phrase, 0.0) + 0.2 + sentence.score
        for heading in {sentence.heading: sentence for sentence in found if sentence.heading}.values():
            vocabulary = self._vocabularies.get(self.languages.get(heading.source, ""))
            for phrase in _phrases_of(heading.heading, vocabulary) if vocabulary else ():
                if name := next((p for p in (phrase, phrase.lower()) if p in counts), None):
                    counts[name] += 1
                    score[name] += 1.0
        asked = set(query_terms(self._brief, self._vocabularies.values()))
        kept: list[str] = []
        for phrase in sorted(score, key=lambda p: (-score[p] * self._aptness(p, asked), p)):
            if counts[phrase] > 1 and not any(_overlap(phrase.lower(), other.lower()) for other in kept):
                kept.append(phrase)
            if len(kept) == 24:
                break
        return kept

    def _aptness(self, phrase: str, asked: set[str]) -> float:
        """Pairs of words, names and the order's own words say more than single common words."""
        apt = _phrase_length(phrase)
        if any(character.isupper() for character in phrase):
            apt *= 1.5
        if phrase.lower() in self._brief.topic.lower():
            apt *= 9 if " " in phrase else 3
        terms = {term for vocabulary in self._vocabularies.values() for term in vocabulary.terms(phrase)}
        return apt * 2 if terms and terms <= asked else apt

    # Sentences

    def _key_points(self, parts: Sequence[Sequence[Sentence]], taken: "_Taken") -> list[Sentence]:
        """The best sentence of each theme that stands alone and whose place can stay empty."""
        points: list[Sentence] = []
        each = 1 if len(parts) > 3 else 2
        for part in parts:
            ranked = sorted(
                (s for s in part if self._makes_a_point(s)),
                key=lambda s: (-s.score * (1.3 if s.is_last else 1.0) * _comfort(s), s.index),
            )
            # Several points of one theme must leave it something to say.
            most = min(each, sum(s.is_usable for s in part) // 4)
            for sentence in ranked:
                if most <= 0:
                    break
                if taken.take(sentence):
                    points.append(sentence)
                    most -= 1
        best = sorted(points, key=lambda s: (-s.score, s.index))[:5]
        return sorted(best, key=lambda s: s.index)

    def _makes_a_point(self, sentence: Sentence) -> bool:
        after = self.sentences[sentence.index + 1] if sentence.index + 1 < len(self.sentences) else None
        is_held = after is not None and after.paragraph == sentence.paragraph and after.refers
        can_go = not is_held and not sentence.is_first
        return sentence.is_usable and sentence.stands_alone and can_go and 7 <= sentence.words <= 32

    def _body(self, part: Sequence[Sentence], budget: int, taken: "_Taken") -> list[Sentence]:
        """The best sentences within `budget` words, each with those that it leans on, in their order."""
        chosen: dict[int, Sentence] = {}
        words = 0
        ranked = sorted(part, key=lambda s: (-s.score * (1.25 if s.is_first else 1.0) * _comfort(s), s.index))
        for sentence in ranked:
            needed = self._with_what_it_leans_on(sentence, chosen, taken)
            cost = sum(s.words for s in needed)
            if not needed or words + cost > budget * 1.1 + 8:
                continue
            if all(taken.take(s) for s in needed):
                chosen |= {s.index: s for s in needed}
                words += cost
            if words >= budget:
                break
        self._fill_gaps(chosen, taken)
        return [chosen[index] for index in sorted(chosen)]

    def _with_what_it_leans_on(
        self, sentence: Sentence, chosen: dict[int, Sentence], taken: "_Taken"
    ) -> list[Sentence]:
        needed: list[Sentence] = []
        current = sentence
        while True:
            if not current.is_usable or taken.would_repeat(current):
                return []
            needed.append(current)
            if not current.leans:
                return needed[::-1]
            before = self.sentences[current.index - 1] if current.index else None
            if before is None or before.passage != current.passage or len(needed) == 4:
                return []
            if before.index in chosen:
                return needed[::-1]
            if before.paragraph != current.paragraph:
                return []
            current = before

    def _fill_gaps(self, chosen: dict[int, Sentence], taken: "_Taken") -> None:
        """One missing sentence between two chosen ones of a paragraph makes the text jump: take it too."""
        for index in list(chosen):
            if index + 2 not in chosen or index + 1 in chosen:
                continue
            between = self.sentences[index + 1]
            same = chosen[index].paragraph == between.paragraph == chosen[index + 2].paragraph
            if same and between.is_usable and between.words <= 30 and taken.take(between):
                chosen[index + 1] = between


class _Taken:
    """The sentences that are in the post already."""

    def __init__(self) -> None:
        self._pieces: list[frozenset[str]] = []

    def would_repeat(self, sentence: Sentence) -> bool:
        pieces = _pieces(sentence.text)
        return any(len(pieces & other) >= _ALIKE * len(pieces | other) for other in self._pieces)

    def take(self, sentence: Sentence) -> bool:
        if self.would_repeat(sentence):
            return False
        self._pieces.append(_pieces(sentence.text))
        return True


@lru_cache(4096)
def _pieces(text: str) -> frozenset[str]:
    """The groups of three letters in a text: sentences that say the same share most of them."""
    letters = "".join(character for character in text.casefold() if character.isalnum())
    return frozenset(letters[start : start + 3] for start in range(max(1, len(letters) - 2)))


_ENDS = re.compile(r"[.!?。！？؟।۔]['\"»”’」』)]*$")
_JUNK = re.compile(r"[{}<>|=\\^~\ufffd]|https?:|www\.|\.\.\.|…|©|®|\b\w+@\w+\.\w+|[_*]{2}|\[|\]")
_PLEAS = re.compile(
    r"\b(?:cookies?|javascript|newsletter|subscribe|sign[ -]?up|log[ -]?in|all rights reserved|click here|read more|"
    r"share this|follow us|terms of (?:use|service)|privacy policy|abonnieren|datenschutz(?:erklärung)?|impressum|"
    r"alle rechte vorbehalten|mentions légales|tous droits réservés|abonnez|todos los derechos|todos os direitos|"
    r"tutti i diritti|alle rechten voorbehouden)\b|版权所有|著作権|无断转载|無断転載",
    re.IGNORECASE,
)
_POINTS_ELSEWHERE = re.compile(
    r"\b(?:(?:see|cf\.|siehe|voir|véase|ver|vedi|zie|см\.)\s|(?:fig(?:ure|\.)?|table|tabelle|abbildung|abb\.|tableau|"
    r"figura|tabla|tabela|tabella|figuur|tabel|рис\.|таблица)\s*\d|"
    r"(?:as (?:shown|described|mentioned)|shown|described|mentioned|listed) (?:above|below|here|earlier)|"
    r"(?:section|chapter|kapitel|abschnitt|chapitre|capítulo|capitolo|hoofdstuk) \d)",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?？؟]['\"»”’」』)]*$")
_PAIRS = (("“", "”"), ("(", ")"), ("«", "»"), ("「", "」"), ("『", "』"), ("（", "）"))
_NUMBERED = re.compile(
    r"^(?:(?:\d+[.)]|\d+(?:\.\d+)+|[IVXivx]+\.|[A-Za-z]\))\s+|第\s*[\d一二三四五六七八九十]+\s*[章节節]\s*)"
)


def reads_well(text: str) -> bool:
    """Whether a sentence is one: whole, of a good length, without leftovers, pleas and pointers to elsewhere."""
    words = count_words(text)
    if not 5 <= words <= 55 or not _ENDS.search(text):
        return False
    if _JUNK.search(text) or _PLEAS.search(text) or _POINTS_ELSEWHERE.search(text):
        return False
    first = next((character for character in text if character.isalnum()), "")
    if not first or first.islower():
        return False
    if text.count('"') % 2 or any(text.count(left) != text.count(right) for left, right in _pairs(text)):
        return False
    letters = sum(character.isalpha() or character.isspace() for character in text)
    if letters < 0.72 * len(text) and not is_unspaced(text) and not _has_marks(text):
        return False
    cased = [character for character in text if character.isupper() or character.islower()]
    return not cased or sum(map(str.isupper, cased)) <= 0.4 * len(cased)


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    # German closes its low quotation marks with the sign that opens the English ones.
    return (("„", "“"), *_PAIRS[1:]) if "„" in text else _PAIRS


def _has_marks(text: str) -> bool:
    return any("\u0900" <= character <= "\u097f" for character in text)


def _asks(text: str) -> bool:
    return _ASKS.search(text) is not None


def _comfort(sentence: Sentence) -> float:
    """Readers like sentences of 10 to 30 words."""
    comfort = 1.0
    if sentence.words < 8 or sentence.words > 38:
        comfort = 0.7
    return comfort * (0.7 if _asks(sentence.text) else 1.0)


def _value(members: Sequence[Sentence]) -> float:
    best = sorted((sentence.score for sentence in members if sentence.is_usable), reverse=True)[:4]
    return sum(best) / 4


def _usable_words(members: Sequence[Sentence]) -> int:
    return sum(sentence.words for sentence in members if sentence.is_usable)


def _plain_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _bare_heading(heading: str) -> str:
    return _capitalised(_NUMBERED.sub("", heading).strip().rstrip(".:：。"))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _phrases_of(text: str, vocabulary: Vocabulary) -> Iterable[str]:
    """The words and the pairs of words of a sentence that could name a theme."""
    if is_unspaced(text):
        yield from _unspaced_phrases(text, vocabulary.language)
        return
    words = re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*|[^\w\s]", text)
    previous = ""
    for place, word in enumerate(words):
        usable = len(word) > 2 and word[0].isalpha() and not vocabulary.is_small(word)
        if usable:
            # The first word of a sentence is a capital by its place, not by its nature.
            name = word if place and word[0].isupper() else word.lower() if word[1:].islower() else word
            yield name
            if previous:
                yield f"{previous} {name}"
            previous = name
        else:
            previous = ""


def _unspaced_phrases(text: str, language: str) -> Iterable[str]:
    from blogen.writing.stop_words import CJK_FUNCTION_CHARACTERS

    for run in re.findall("[\u4e00-\u9fff\u3400-\u4dbf々]{2,}|[\u30a1-\u30ff]{3,}|[A-Za-z][A-Za-z0-9]{2,}", text):
        if language == "ja" or not "\u3400" <= run[0] <= "\u9fff":
            if len(run) <= 10:
                yield run
            continue
        pieces = re.split(f"[{''.join(sorted(CJK_FUNCTION_CHARACTERS))}]", run)
        for piece in pieces:
            for length in (2, 3, 4):
                for start in range(len(piece) - length + 1):
                    yield piece[start : start + length]


def _phrase_length(phrase: str) -> float:
    if is_unspaced(phrase):
        return min(len(phrase), 4) / 2
    return 1.8 if " " in phrase else 1.0


def _overlap(name: str, other: str) -> bool:
    """Whether two phrases share a word, or one stands in the other."""
    return name in other or other in name or bool(set(name.split()) & set(other.split()))
