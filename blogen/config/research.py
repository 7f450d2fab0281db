"""`[research]`: what sources may be read, and how much of them."""

from pydantic import Field

from blogen.config.section import Network, Section


class ResearchConfig(Section):
    """What sources may be read, and how much of them."""

    allow_private: list[Network] = Field(
        default_factory=list,
        description="Private networks whose addresses may be fetched as sources; all others are refused",
    )
    timeout_seconds: float = Field(
        20.0, gt=0, le=600, allow_inf_nan=False, description="How long fetching one source may take"
    )
    max_source_bytes: int = Field(
        10_000_000, ge=1_000, le=1_000_000_000, description="Size above which a source is refused"
    )
