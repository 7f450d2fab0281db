"""`[site]`: how the blog presents itself. What is not written here the owner sets in the studio (`blogen/site.py`)."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from blogen.config.section import BaseUrl, Section
from blogen.config.webhooks import Contact
from blogen.domain.terms import Handle, Language
from blogen.domain.theme import COLOURS, Colour, Font, mistakes_in


class SiteConfig(Section):
    """How the blog presents itself."""

    title: str = Field("Blogen", min_length=1, max_length=100, description="The blog's name")
    tagline: str = Field(
        "A blog that writes itself", max_length=200, description="One line under the name; may be empty"
    )
    description: str = Field(
        "Posts written by an AI from sources you can check.",
        max_length=500,
        description="What the blog is about, for feeds and search engines",
    )
    language: Language = Field("en", description="BCP 47 tag of the blog's own words and of posts that name no other")
    author: Handle = Field("blogen", description="Handle of the author who signs when a job names none")
    accent: Colour | None = Field(
        None, description="Colour of links and of what is chosen, e.g. `#8f3d1c`; moved as far as it takes to be read"
    )
    accent_dark: Colour | None = Field(None, description="The same where it is dark; unset: made from `accent`")
    paper: Colour | None = Field(None, description="Colour behind the text")
    paper_dark: Colour | None = Field(None, description="The same where it is dark")
    ink: Colour | None = Field(None, description="Colour of the text; its contrast to the paper is at least 4.5 to 1")
    ink_dark: Colour | None = Field(None, description="The same where it is dark")
    reading_font: Font = Field("charter", description="What kind of font posts are set in; none is loaded")
    interface_font: Font = Field("system", description="What kind of font all else is set in; none is loaded")
    contact: Contact | None = Field(
        None, description="Whom to tell of a security hole, in security.txt: `mailto:…` or the address of a page"
    )
    websub_hubs: list[Annotated[BaseUrl, Field(max_length=90)]] = Field(
        [],
        max_length=10,
        description="WebSub hubs that are told of changed feeds; needs `server.base_url`. Private addresses must lie in"
        " `research.allow_private`",
    )

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if wrong := mistakes_in(self.model_dump(include=set(COLOURS))):
            raise ValueError(" ".join(f"`{key}`: {words}." for key, words in wrong.items()))
        return self
