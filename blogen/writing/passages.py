"""Cuts sources into passages and picks those that a post can rest on: by the words of the order and by how much they
have in common with everything else. No model takes part."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from blogen.domain.source import Passage, Source
from blogen.domain.writing import Brief
from blogen.writing.reading import Block, blocks
from blogen.writing.words import Vocabulary, count_words, detect_language, sentences

_LEAST_WORDS, _MOST_WORDS = 60, 120
_COMPARED = 400
"""So many passages are compared with one another; the rest was sorted out by its words."""
_ALIKE = 0.8
_OPENING_BONUS = 1.25

Terms = Mapping[str, float]


def pick(brief: Brief, sources: Sequence[Source], *, tokens: int) -> list[Passage]:
    """The passages that suit the order best, in the order of their sources; together about `tokens` long at most."""
    passages = [passage for source in sources for passage in cut(source)]
    if not passages:
        return []
    languages = {source.key: language_of(source, brief) for source in sources}
    vocabularies = {language: Vocabulary(language) for language in languages.values()}
    # A passage's heading is counted with it: it says what the passage is about.
    counts = [Counter(vocabularies[languages[p.source]].terms(f"{p.heading}\n{p.text}")) for p in passages]
    weights = rarity(counts)
    relevance = bm25(counts, query_terms(brief, vocabularies.values()), weights)
    shortlist = _shortlist(passages, relevance)
    vectors = [vector(counts[index], weights) for index in shortlist]
    focus = _focus([passages[index] for index in shortlist], [relevance[index] for index in shortlist])
    scores = central(vectors, focus)
    chosen = _choose([passages[index] for index in shortlist], vectors, scores, tokens)
    return [passages[index] for index in sorted(shortlist[place] for place in chosen)]


def cut(source: Source) -> list[Passage]:
    """A source's prose in passages of about 60 to 120 words, which never span a heading or something left out."""
    language = source.language or detect_language(source.text)
    texts: list[tuple[str, str]] = []
    paragraphs: list[str] = []
    heading, words = "", 0

    def close() -> None:
        nonlocal words
        if text := "\n".join(filter(None, paragraphs)).strip():
            texts.append((heading, text))
        paragraphs.clear()
        words = 0

    for block in blocks(source.text):
        if block.heading != heading or not block.is_joined or words >= _LEAST_WORDS:
            close()
            heading = block.heading
        paragraphs.append("")
        for sentence, length in _bounded_sentences(block, language):
            if words and words + length > _MOST_WORDS:
                close()
                paragraphs.append("")
            paragraphs[-1] = f"{paragraphs[-1]}{_joint(paragraphs[-1], sentence)}{sentence}"
            words += length
    close()
    # `below`, not `heading` once more: where a comprehension takes a closure's name, Python 3.13.0 to 3.13.2 crash as
    # pydantic builds the model here (python/cpython#128396).
    return [
        Passage(key=f"{source.key}.{number}", source=source.key, heading=below, text=text)
        for number, (below, text) in enumerate(texts, 1)
    ]


def language_of(source: Source, brief: Brief) -> str:
    return source.language or detect_language(source.text, otherwise=brief.language)


def estimate_tokens(text: str) -> int:
    """About how many tokens a model will count; on the safe side."""
    return sum(1 for character in text if character > "\u0370") + math.ceil(len(text) / 4)


def rarity(counts: Sequence[Counter[str]]) -> dict[str, float]:
    """How much a term tells: the more, the fewer texts have it."""
    frequency = Counter(term for count in counts for term in count)
    return {term: math.log(1 + (len(counts) - n + 0.5) / (n + 0.5)) for term, n in frequency.items()}


def vector(count: Counter[str], weights: Terms) -> dict[str, float]:
    """A text as a vector of length one."""
    raw = {term: (1 + math.log(n)) * weights.get(term, 0.0) for term, n in count.items()}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {term: value / length for term, value in raw.items()}


def likeness(first: Terms, second: Terms) -> float:
    """The cosine of two vectors of length one."""
    if len(first) > len(second):
        first, second = second, first
    return sum(value * second[term] for term, value in first.items() if term in second)


def central(vectors: Sequence[Terms], focus: Sequence[float]) -> list[float]:
    """PageRank over the likeness of texts, drawn towards `focus`. The best has 1."""
    if not vectors:
        return []
    from rustworkx import PyDiGraph, pagerank

    graph: PyDiGraph[int, float] = PyDiGraph()
    graph.add_nodes_from(list(range(len(vectors))))
    graph.add_edges_from(
        [
            edge
            for (a, b), value in _likenesses(vectors).items()
            if value > 0.05
            for edge in ((a, b, value), (b, a, value))
        ]
    )
    total = sum(focus) or 1.0
    drawn = {index: value / total for index, value in enumerate(focus)} if any(focus) else None
    ranks = pagerank(graph, alpha=0.7, weight_fn=float, personalization=drawn, dangling=drawn, max_iter=200)
    top = max(ranks[index] for index in range(len(vectors))) or 1.0
    return [ranks[index] / top for index in range(len(vectors))]


def query_terms(brief: Brief, vocabularies: Iterable[Vocabulary]) -> dict[str, float]:
    """What the order asks for: the topic's words, and with less weight the brief's and the tags'."""
    wanted: dict[str, float] = {}
    for vocabulary in vocabularies:
        for text, weight in ((brief.brief, 0.3), (" ".join(brief.tags), 0.3), (brief.topic, 1.0)):
            wanted |= dict.fromkeys(vocabulary.terms(text), weight)
    return wanted


def bm25(counts: Sequence[Counter[str]], wanted: Terms, weights: Terms) -> list[float]:
    """How well each text answers `wanted`."""
    lengths = [sum(count.values()) for count in counts]
    mean = sum(lengths) / len(lengths) or 1.0
    known = {term: weight * weights[term] for term, weight in wanted.items() if term in weights}
    return [
        sum(
            weight * count[term] * 2.2 / (count[term] + 1.2 * (0.25 + 0.75 * length / mean))
            for term, weight in known.items()
            if term in count
        )
        for count, length in zip(counts, lengths, strict=True)
    ]


def _bounded_sentences(block: Block, language: str) -> Iterable[tuple[str, int]]:
    for sentence in sentences(block.text, language):
        length = count_words(sentence)
        if length <= 2 * _MOST_WORDS:
            yield sentence, length
            continue
        # No sentence, but a wall of text: cut it where it can be cut.
        step = max(200, len(sentence) * _MOST_WORDS // length)
        for start in range(0, len(sentence), step):
            piece = sentence[start : start + step]
            yield piece, count_words(piece)


def _joint(before: str, sentence: str) -> str:
    if not before:
        return ""
    return "" if before[-1] in "。！？」』" and not sentence[0].isascii() else " "


def _shortlist(passages: Sequence[Passage], relevance: Sequence[float]) -> list[int]:
    """The passages worth comparing: the most relevant, and of equals those nearest to a source's beginning."""
    place = [int(passage.key.rpartition(".")[2]) for passage in passages]
    best = sorted(range(len(passages)), key=lambda index: (-relevance[index], place[index], index))
    return sorted(best[:_COMPARED])


def _focus(passages: Sequence[Passage], relevance: Sequence[float]) -> list[float]:
    top = max(relevance, default=0.0) or 1.0
    return [
        (0.05 + value / top) * (_OPENING_BONUS if passage.key.endswith(".1") else 1.0)
        for passage, value in zip(passages, relevance, strict=True)
    ]


def _likenesses(vectors: Sequence[Terms]) -> dict[tuple[int, int], float]:
    """The likeness of each pair that shares a term; terms that nearly all share are no likeness."""
    postings: dict[str, list[tuple[int, float]]] = {}
    for index, terms in enumerate(vectors):
        for term, value in terms.items():
            postings.setdefault(term, []).append((index, value))
    limit = max(12, len(vectors) // 4)
    pairs: dict[tuple[int, int], float] = {}
    for entries in postings.values():
        if len(entries) > limit:
            continue
        for place, (a, first) in enumerate(entries):
            for b, second in entries[place + 1 :]:
                pairs[a, b] = pairs.get((a, b), 0.0) + first * second
    return pairs


def _choose(passages: Sequence[Passage], vectors: Sequence[Terms], scores: Sequence[float], tokens: int) -> list[int]:
    """Take the best until the budget is used; what repeats a passage already taken counts less, or not at all."""
    costs = [estimate_tokens(passage.text) + 12 for passage in passages]
    likest = [0.0] * len(passages)
    left = set(range(len(passages)))
    chosen: list[int] = []
    while left:
        index = max(left, key=lambda i: (scores[i] * (1 - 0.6 * likest[i]), -i))
        left.discard(index)
        if likest[index] >= _ALIKE:
            continue
        if costs[index] > tokens:
            if chosen:
                break
            return [index]
        tokens -= costs[index]
        chosen.append(index)
        for other in left:
            likest[other] = max(likest[other], likeness(vectors[index], vectors[other]))
    return chosen
