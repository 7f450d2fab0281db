"""Builds sources and researched material for the tests."""

import hashlib

from blogen.domain.source import Research, Source
from blogen.domain.writing import Brief
from blogen.writing.passages import pick


def source(text: str, key: str = "s1", title: str = "A source", url: str | None = None) -> Source:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Source(key=key, kind="text", title=title, url=url, digest=digest, text=text)


def sources(*texts: str) -> list[Source]:
    return [source(text, f"s{number}", f"Source number {number}") for number, text in enumerate(texts, 1)]


def researched(*texts: str, topic: str = "What it is about") -> Research:
    read = sources(*texts)
    return Research(sources=read, passages=pick(Brief(topic=topic), read, tokens=20_000))
