"""Spending caps: a paid call holds back the most that it may cost; over a cap its job waits for `budget`, visibly."""

from collections.abc import Sequence
from decimal import Decimal

from blogen.clock import Clock
from blogen.config import BudgetConfig, ProviderSection
from blogen.domain.job import Waiting, WaitingFor
from blogen.engine.outcome import Suspended
from blogen.providers.protocols import TextRequest
from blogen.store.ledger import Cap, OverCap, caps_of

_LOOK_AGAIN_SECONDS = 5.0
_LOOK_AGAIN_AT_LAST_SECONDS = 300.0
_TEXT_USD_MICROS = (5, 20)
"""What a token sent and one answered count where no price is known: more than with most models; a cap must bind."""
_OUTPUT_TOKENS = 4000
_PICTURE_USD_MICROS = 100_000
_SEARCH_USD_MICROS = 10_000


def guessed_usd_micros(request: object) -> int:
    """What a call of unknown price counts, in micro-dollars."""
    if isinstance(request, TextRequest):
        sent = len(request.system.encode()) // 3 + len(request.user.encode()) // 3
        return sent * _TEXT_USD_MICROS[0] + (request.max_output_tokens or _OUTPUT_TOKENS) * _TEXT_USD_MICROS[1]
    return _SEARCH_USD_MICROS if isinstance(request, str) else _PICTURE_USD_MICROS


def wait_for_money(over: OverCap, clock: Clock) -> Suspended:
    """The job's wait: until the cap's period ends, or a moment where calls under way will give money back."""
    until, now_ms = over.until_ms, clock.now_ms()
    if over.is_passing:
        # A text takes seconds, a picture minutes: what has taken long will take a while longer.
        seconds = max(_LOOK_AGAIN_SECONDS, min((now_ms - over.open_since_ms) / 2000, _LOOK_AGAIN_AT_LAST_SECONDS))
        until = now_ms + int(seconds * 1000)
    return Suspended(Waiting(WaitingFor.BUDGET, until, f"{over.detail} {over.remedy}"))


def caps_over(name: str, section: ProviderSection, budget: BudgetConfig) -> Sequence[Cap]:
    """The caps that calls to provider `name` (`text.main`) must fit under."""
    own = (
        Cap(f"{name}.day_usd", "day", name, _micros(section.day_usd), None),
        Cap(f"{name}.day_calls", "day", name, None, section.day_calls),
        Cap(f"{name}.month_usd", "month", name, _micros(section.month_usd), None),
        Cap(f"{name}.month_calls", "month", name, None, section.month_calls),
    )
    return [*caps_of(budget), *(cap for cap in own if cap.usd_micros is not None or cap.calls is not None)]


def _micros(usd: Decimal | None) -> int | None:
    return None if usd is None else int(usd * 1_000_000)
