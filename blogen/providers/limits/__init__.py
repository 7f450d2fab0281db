"""What keeps calls to a provider within bounds: `Limits` (how many, how often) and `Breaker` (not while it is down).

limits = Limits(concurrency=4, requests_per_minute=60, tokens_per_minute=100_000)
breaker = Breaker("text.main", limits=limits)

breaker.check()
async with limits.turn(priority, tokens=estimate, job=job_id) as turn, breaker.attempt():
    answer = await provider.complete(request)
    turn.used(tokens)

`providers.endpoints` has these lines once, for one machine or several.
"""

from blogen.providers.limits.breaker import Breaker
from blogen.providers.limits.turns import Limits, Pace, Turn

__all__ = ["Breaker", "Limits", "Pace", "Turn"]
