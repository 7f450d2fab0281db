"""A blog in which every text that came from outside is an attack: what models, sources, readers and pages said."""

import json
from collections.abc import Mapping
from itertools import cycle
from typing import Any, Final

from blogen.clock import SystemClock
from blogen.config.comments import CommentsConfig
from blogen.domain.person import DeviceKind
from blogen.domain.post_summary import Picture, PostSource, Provenance
from blogen.domain.talk import MAX_COMMENT_CHARS
from blogen.render.comments import comment_text
from blogen.render.markdown import NoteSource
from blogen.store.comments import Comments
from blogen.store.corrections import Corrections
from blogen.store.database import Transaction
from blogen.store.devices import Devices
from blogen.store.moderation import Moderation
from tests.blog import Blog
from tests.fakes.answers import Filling, prose
from tests.fakes.openai_server import FakeOpenAI
from tests.showcase import DAY_MS, NOW_MS
from tests.site.filled import ANN, BEA, OWNER, POST, STATES, Wares
from tests.site.vectors import VECTORS, packed

_POSTS: Final = 16
_LINES: Final = packed(100)
_TITLES: Final = packed(290)
_PARAGRAPHS: Final = packed(400)
_TAGS: Final = [vector for vector in VECTORS if len(vector) <= 50 and vector.isprintable()]
_TEXTS: Final = packed(1900, between="\n\n")
_ALL: Final = "\n\n".join(VECTORS)
_MARKS: Final = " ".join(f"[^s1.{number}]" for number in range(1, 6))


async def _posts(blog: Blog) -> None:
    """At the addresses of the showcase's posts, since the list of pages names those."""
    lines, tags, titles, paragraphs, texts = map(cycle, (_LINES, _TAGS, _TITLES, _PARAGRAPHS, _TEXTS))
    made = Provenance(disclosure="ai-assisted", text=[next(lines)], images=[next(lines)], cost_usd="0.1", human_edits=2)
    for age in reversed(range(_POSTS)):
        cited = [
            NoteSource(f"s1.{number}", quote, next(lines), "https://example.org/")
            for number, quote in enumerate(_PARAGRAPHS[:5], 1)
        ]
        picture = Picture(
            key="cover", url=f"/media/{'0' * 64}.webp", width=1600, height=900, alt=next(titles),
            placeholder="", srcset="", made_by="covers",
        )  # fmt: skip
        await blog.publish(
            next(titles), at=NOW_MS - age * DAY_MS, slug=f"post-{age}" if age else POST, summary=next(paragraphs),
            tags=["sea", next(tags), next(tags)], provenance=made, cover=picture,
            markdown=f"{_ALL if age == 0 else next(texts)}\n\n{_MARKS}", notes=cited,
            sources=[PostSource(title=next(titles), url=url, quotes=_PARAGRAPHS) for url in
                     ("https://example.org/\"onclick=ran(1)", "javascript:ran(1)", None)],
            notices=[next(paragraphs)], images=[picture],
        )  # fmt: skip


async def _people_and_talk(blog: Blog, ids: Mapping[str, str]) -> None:
    lines = cycle(_LINES)

    def rename(tx: Transaction) -> None:
        for handle, id_ in ids.items():
            tx.execute("UPDATE people SET name = ?, bio = ? WHERE handle = ?", (next(lines), _TEXTS[0], handle))
            tx.execute("UPDATE devices SET name = ? WHERE person_id = ?", (next(lines), id_))
        tx.execute("UPDATE authors SET name = ?, bio = ?, persona = ?", (next(lines), _TEXTS[1], _TEXTS[2]))
        tx.execute("UPDATE bookmarks SET list = ? WHERE list IS NOT NULL", (_TAGS[5],))

    await blog.database.write(rename)
    for hold in (False, True):
        comments = Comments(blog.database, CommentsConfig(hold_first=hold))
        for place, text in enumerate(packed(1500, between="\n\n")):
            said = comment_text(text, max_chars=MAX_COMMENT_CHARS)
            told = await comments.add(POST, ids[BEA if hold else ANN], said, parent_id=None)
            if not hold:
                await comments.add(POST, ids[OWNER], said, parent_id=told.id)
                await Moderation(blog.database).report_comment(told.id, ids[BEA], _TEXTS[place % len(_TEXTS)])
    moderation = Moderation(blog.database)
    for word in VECTORS[:3]:
        await moderation.block_word(word, next(lines))
    for text in _TEXTS:
        await Corrections(blog.database).publish(POST, text)
    await Devices(blog.database, SystemClock()).sign_in(ids[ANN], DeviceKind.BROWSER, next(lines))


class _Filling(Filling):
    """What a model says that has read too much: an answer of the right shape, with an attack in every text."""

    _vectors = cycle(VECTORS)

    def _text(self, schema: dict[str, Any], name: str) -> str:
        text = super()._text(schema, name)
        if "pattern" in schema or name in {"quote", "quotation", "passage", "marker", "citation", "source"}:
            return text
        if name in {"markdown", "text", "body", "content", "draft"}:
            return f"{text}\n\n{_ALL}"[: schema.get("maxLength", 1_000_000)]
        return f"{next(self._vectors)} {text}"[: schema.get("maxLength", 1_000_000)]


def _answer(prompt: str, schema: dict[str, Any] | None) -> str:
    if schema is None:
        return f"{prose(prompt)}\n\n{_ALL}"
    return json.dumps(_Filling(prompt, schema).filled(schema, "answer"), ensure_ascii=False)


def _line(text: str) -> str:
    """As much of `text` as a field of one line takes."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _config() -> str:
    title, tagline, description = VECTORS[0], _TITLES[1][:200], _PARAGRAPHS[3]
    return f"""
[site]
title = {json.dumps(title)}
tagline = {json.dumps(_line(tagline))}
description = {json.dumps(_line(description))}
[auth]
sign_up = "open"
"""


HOSTILE: Final = Wares(
    posts=_posts,
    more=_people_and_talk,
    topics=dict(zip(STATES, map(_line, _TITLES), strict=False)),
    sources=tuple(
        {"kind": "text", "title": _line(line), "text": f"A mill stood here for four hundred years. {text}"}
        for line, text in zip(_LINES, _TEXTS, strict=False)
    ),
    model=lambda: FakeOpenAI(answerer=_answer),
    refusal={"error": {"message": _ALL, "type": VECTORS[1], "code": VECTORS[2], "param": VECTORS[3]}},
    config=_config(),
)
