"""A model that reads comments before they are shown: what it would not show waits for a person.

It only ever holds; nothing is removed by it. Where it does not answer the comment waits, too.
"""

import asyncio

from blogen.errors import BlogenError
from blogen.pipeline.models import TextModels
from blogen.providers.protocols import TextRequest
from blogen.writing.answers import Answer, Malformed, read, schema_of
from blogen.writing.prompts import Prompts, fenced

NO_ANSWER = "the moderation model did not answer"

_SECONDS = 20.0
_PRIORITY = 9
_ANSWER_TOKENS = 200
_REASON_CHARS = 150


class Verdict(Answer):
    hold: bool
    reason: str = ""


class Judge:
    """`name` is that of a `[text.…]` section whose calls are free: they stand in no ledger."""

    def __init__(self, models: TextModels, name: str, prompts: Prompts) -> None:
        self._models = models
        self._name = name
        self._prompts = prompts

    async def reason_to_hold(self, comment: str) -> str:
        """Why a person should look at `comment` first; empty: nothing was found."""
        request = TextRequest(
            system="You answer with one JSON object and nothing else.",
            user=self._prompts.render("moderation", comment=fenced("COMMENT", [comment])),
            purpose="moderation",
            json_schema=schema_of(Verdict),
            max_output_tokens=_ANSWER_TOKENS,
            temperature=0,
        )
        turn = self._models.turn(self._name, request, priority=_PRIORITY, job="moderation")
        try:
            async with asyncio.timeout(_SECONDS), turn:
                answer = await self._models.complete(turn, request, stream=None)
            verdict = read(Verdict, answer.text)
        except (BlogenError, TimeoutError, Malformed):
            return NO_ANSWER
        if not verdict.hold:
            return ""
        return f"moderation model: {' '.join(verdict.reason.split())[:_REASON_CHARS] or 'no reason given'}"
