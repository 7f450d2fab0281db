"""`[research]`: what is searched for, what sources may be read, and how much of them."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from blogen.config.section import Network, Section

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def _known_domain(text: str) -> str:
    """A host's name in the form that names are compared in."""
    name = text.strip().lower().removeprefix("*.").rstrip(".").removeprefix("www.")
    try:
        ascii_name = name.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_name = ""
    if not _HOST.fullmatch(ascii_name):
        raise ValueError("expected a domain such as example.com")
    return ascii_name


Domain = Annotated[str, AfterValidator(_known_domain)]


class ResearchConfig(Section):
    """What is searched for when an order names no sources, what may be read, and how much of it."""

    search: Literal["missing", "always", "never"] = Field(
        "missing",
        description="When the `[search.…]` sections are asked for sources: if an order names none, for every order, "
        "or never",
    )
    queries: int = Field(3, ge=1, le=5, description="Searches made for one post")
    results: int = Field(5, ge=1, le=10, description="Pages read of those that were found, for one post")
    only_domains: list[Domain] = Field(
        [],
        max_length=100,
        description="Domains whose pages alone are taken of those that were found, with their subdomains; empty: any",
    )
    without_domains: list[Domain] = Field(
        [],
        max_length=1000,
        description="Domains whose pages are never taken of those that were found, with their subdomains",
    )
    allow_private: list[Network] = Field(
        [],
        description="Private networks whose addresses may be fetched as sources; all others are refused",
    )
    timeout_seconds: float = Field(
        20.0, gt=0, le=600, allow_inf_nan=False, description="How long fetching one source may take"
    )
    max_source_bytes: int = Field(
        10_000_000, ge=1_000, le=1_000_000_000, description="Size above which a source is refused"
    )

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if contradicting := sorted(set(self.only_domains) & set(self.without_domains)):
            raise ValueError(f"`only_domains` and `without_domains` both name {contradicting[0]}; keep one")
        return self
