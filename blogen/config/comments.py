"""`[comments]`: what readers may say below posts."""

from pydantic import Field

from blogen.config.section import Section


class CommentsConfig(Section):
    """What readers may say below posts, and what waits for the owner first."""

    hold_first: bool = Field(
        True, description="Whether comments wait for approval until one of their writer's has been approved"
    )
    edit_minutes: int = Field(15, ge=0, le=10_080, description="How long after it was written a comment may be changed")
    moderation: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Name of a `[text.NAME]` section that costs nothing; its model reads comments first, and what it "
        "would not show waits; unset: none",
    )
    per_minute: int = Field(
        6,
        ge=1,
        le=1000,
        description="Comments and reports one person may write in a minute; three times as many from one address",
    )
