"""What services tell us by calling: a call of a hook says "look again", and what is true is then asked for.

So a call may come twice, late or out of order, and nothing that it claims is believed.
"""

import hmac
from collections.abc import Iterable

from blogen.domain.job import WaitingFor
from blogen.engine.engine import Engine


class Hooks:
    """The hook of Midjourney's proxies; `secrets` are those of all its sections."""

    def __init__(self, engine: Engine, secrets: Iterable[str]) -> None:
        self._engine = engine
        self._secrets = [secret.encode() for secret in secrets]

    def is_known(self, secret: str) -> bool:
        """Whether the caller knows a secret of ours. Takes the same time for every wrong one."""
        given = secret.encode("utf-8", "replace")
        # Not `any`: it would end at the first that fits.
        return sum(hmac.compare_digest(given, known) for known in self._secrets) > 0

    async def midjourney(self, body: bytes) -> None:
        """Wake the job whose task has news, if it waits for a picture."""
        from blogen.providers.image.midjourney import hooked_reference

        call = hooked_reference(body)
        if call is not None and call.is_news:
            job_id = call.reference.partition("/")[0]
            await self._engine.wake(job_id, if_waiting_for=WaitingFor.IMAGE)
