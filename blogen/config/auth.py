"""`[auth]`: who may have an account."""

from typing import Literal

from pydantic import Field

from blogen.config.section import Section


class AuthConfig(Section):
    """Who may have an account."""

    sign_up: Literal["open", "invite", "closed"] = Field(
        "closed", description="Who may register: anyone, those with an invitation, or nobody"
    )
