"""`[site]`: how the blog presents itself."""

from pydantic import Field

from blogen.config.section import Section
from blogen.domain.job import Handle, Language


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
