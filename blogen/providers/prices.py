"""What the services' own models cost: a small, dated table, for owners who give no prices themselves.

The figures are the services' public list prices for standard processing (no batch, no priority). They hold for a
service's own address only: whoever else offers a model under the same name asks what they like.
"""

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in USD."""

    input_usd_per_million: float
    output_usd_per_million: float
    cached_input_usd_per_million: float | None = None
    """Of input that the service had seen before; None: no discount is known, and none is assumed."""
    as_of: str = ""
    """Year and month in which the figures were read."""
    source: str = ""
    most_input_tokens: int | None = None
    """A longer request costs more than this says: it has no known price."""

    def usd_micros(
        self, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0, cache_write_tokens: int = 0
    ) -> int | None:
        """What a call cost, in micro-dollars; cached and written tokens are among the input tokens.

        Writing to a cache costs a quarter more where a service reports such tokens at all.
        """
        if self.most_input_tokens is not None and input_tokens > self.most_input_tokens:
            return None
        cached = min(cached_tokens, input_tokens) if self.cached_input_usd_per_million is not None else 0
        written = min(cache_write_tokens, input_tokens - cached)
        # A price per million tokens in USD is the price per token in millionths of a USD.
        return round(
            (input_tokens - cached + written / 4) * self.input_usd_per_million
            + cached * (self.cached_input_usd_per_million or 0)
            + output_tokens * self.output_usd_per_million
        )

    def most_usd_micros(self, input_tokens: int, output_tokens: int) -> int | None:
        """What a call with at most so many tokens can cost: nothing is assumed to be cached."""
        if self.most_input_tokens is not None and input_tokens > self.most_input_tokens:
            return None
        return math.ceil(input_tokens * self.input_usd_per_million + output_tokens * self.output_usd_per_million)


def check_given(sent: float | None, answered: float | None, cached: float | None = None) -> None:
    """Whether the prices that a section gives can be reckoned with. Raises ValueError."""
    if (sent is None) != (answered is None):
        raise ValueError("give both `input_usd_per_million` and `output_usd_per_million`, or neither")
    if cached is not None and sent is None:
        raise ValueError("`cached_input_usd_per_million` needs `input_usd_per_million` and `output_usd_per_million`")


def known(host: str, model: str) -> Price | None:
    """The list price of `model` at the service whose own address is `host`; a dated variant costs what its model does.

    None where it is not known: that is not the same as nothing.
    """
    table = _TABLES.get(host.lower().rstrip("."), {})
    return table.get(model) or table.get(_DATE.sub("", model))


_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})\Z")
_LONG = 272_000
"""Above it OpenAI's newer models charge double for the whole request."""


def _openai(sent: float, cached: float | None, answered: float, most_input_tokens: int | None = None) -> Price:
    return Price(sent, answered, cached, "2026-11", "developers.openai.com/api/docs/pricing", most_input_tokens)


def _anthropic(sent: float, cached: float, answered: float, most_input_tokens: int | None = None) -> Price:
    return Price(
        sent, answered, cached, "2026-11", "platform.claude.com/docs/en/about-claude/pricing", most_input_tokens
    )


_TABLES: dict[str, dict[str, Price]] = {
    "api.openai.com": {
        "gpt-6.2-astra": _openai(8, None, 40, _LONG),
        "gpt-6.2-sol": _openai(2, None, 10, _LONG),
        "gpt-6.1-sol": _openai(2, 0.10, 10, _LONG),
        "gpt-6.1-terra": _openai(1, 0.05, 5, _LONG),
        "gpt-6-luna": _openai(0.10, None, 0.50, _LONG),
        "gpt-5.6-terra": _openai(2, 0.20, 12, _LONG),
        "gpt-5.6-luna": _openai(0.20, 0.02, 1.20, _LONG),
        "gpt-5.4-mini": _openai(0.75, 0.075, 4.50),
        "gpt-5.4-nano": _openai(0.20, 0.02, 1.25),
        "gpt-5-mini": _openai(0.25, 0.025, 2),
        "gpt-5-nano": _openai(0.05, 0.005, 0.40),
    },
    "api.anthropic.com": {
        "claude-fable-5-1": _anthropic(10, 0.25, 50),
        "claude-opus-5-5": _anthropic(4, 0.20, 20),
        "claude-opus-5": _anthropic(5, 0.50, 25),
        "claude-sonnet-5-5": _anthropic(2, 0.10, 10),
        "claude-sonnet-5": _anthropic(2, 0.20, 10),
        "claude-haiku-5-5": _anthropic(0.10, 0.01, 0.50, 100_000),
        "claude-sonnet-4-6": _anthropic(3, 0.30, 15),
        "claude-sonnet-4-5": _anthropic(3, 0.30, 15),
        "claude-haiku-4-5": _anthropic(1, 0.10, 5),
    },
}
