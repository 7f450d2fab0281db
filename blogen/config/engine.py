"""`[engine]`: how jobs are worked."""

from pydantic import Field

from blogen.config.section import Section


class EngineConfig(Section):
    """How jobs are worked."""

    workers: int = Field(32, ge=1, le=20_000, description="Jobs worked at the same time")
    queue_size: int = Field(
        1000, ge=1, le=1_000_000, description="Jobs that may wait for a worker; beyond it new ones are answered 503"
    )
    drain_seconds: float = Field(
        20.0, ge=0, le=3600, allow_inf_nan=False, description="How long running steps may take to end after SIGTERM"
    )
    max_attempts: int = Field(5, ge=1, le=100, description="Failures in one state after which a job fails")
    retry_base_seconds: float = Field(
        2.0,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="Longest wait before the first repetition; doubles each time",
    )
    retry_cap_seconds: float = Field(
        300.0, gt=0, le=86_400, allow_inf_nan=False, description="Longest wait before any repetition"
    )
