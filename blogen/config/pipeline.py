"""`[pipeline]`: which services make a post, and whether a person approves it."""

from typing import Annotated

from pydantic import Field, field_validator

from blogen.config.section import Section
from blogen.domain.terms import InDoubtPolicy


def _once_each(names: list[str] | None) -> list[str] | None:
    if names is not None and len(set(names)) < len(names):
        raise ValueError("expected each name once")
    return names


Names = Annotated[list[str], Field(min_length=1, max_length=20)]


class RolesConfig(Section):
    """Which `[text.…]` sections do which kind of work first, by name; after them come those of `pipeline.text`.

    So cheap models can do the talk and a good one the writing.
    """

    research: Names | None = Field(None, description="What to search for")
    outline: Names | None = Field(None, description="The plan of a post")
    draft: Names | None = Field(None, description="Sections, and their revision")
    critic: Names | None = Field(None, description="Reading against the sources")
    title: Names | None = Field(None, description="Title, summary, address and tags")
    image_prompt: Names | None = Field(None, description="What pictures are to show")

    @field_validator("*")
    @classmethod
    def _distinct(cls, names: list[str] | None) -> list[str] | None:
        return _once_each(names)


class PipelineConfig(Section):
    """Which services make a post, in which order they are tried, and whether a person approves it."""

    text: Names | None = Field(
        None,
        description="Names of `[text.…]` sections, tried in this order; `offline` is built in. "
        "Unset: all sections in the order of the file, or `offline` if there is none",
    )
    image: Names | None = Field(
        None,
        description="Names of `[image.…]` sections, tried in this order; `covers` is built in. "
        "Unset: all sections in the order of the file, then `covers`",
    )
    search: Names | None = Field(
        None,
        description="Names of `[search.…]` sections, tried in this order. Unset: all sections in the order of the file",
    )
    review: bool = Field(
        False, description="Whether posts wait for a person's approval unless their job says otherwise"
    )
    in_doubt: InDoubtPolicy = Field(
        "retry",
        description="What happens to a paid call whose outcome was lost in a crash: "
        "repeat it once, ask the owner, or leave it out",
    )
    roles: RolesConfig = Field(RolesConfig.model_construct(), description="A table of its own, `[pipeline.roles]`")

    @field_validator("text", "image", "search")
    @classmethod
    def _distinct(cls, names: list[str] | None) -> list[str] | None:
        return _once_each(names)
