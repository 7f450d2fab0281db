"""What the owner says about the site as a whole."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, Field, StringConstraints

from blogen.domain.accounts import one_line, some_lines
from blogen.domain.model import Model
from blogen.domain.theme import Colour, Font, Logo

MAX_TITLE_CHARS: Final = 100
MAX_TAGLINE_CHARS: Final = 200
MAX_DESCRIPTION_CHARS: Final = 500


def _one_line_or_none(text: str) -> str:
    return one_line(text) if text.strip() else ""


Title = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE_CHARS), AfterValidator(one_line)]
Tagline = Annotated[str, StringConstraints(max_length=MAX_TAGLINE_CHARS), AfterValidator(_one_line_or_none)]
Description = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_CHARS), AfterValidator(some_lines)]


class SiteChange(Model):
    """What is to be another; what is left out stays as it is, and null brings the built-in value back."""

    EXAMPLE: ClassVar[Any] = {"title": "Tea and Time"}

    title: Title | None = Field(None, description="The blog's name")
    tagline: Tagline | None = Field(None, description="One line under the name; may be empty")
    description: Description | None = Field(None, description="What the blog is about")
    accent: Colour | None = Field(None, description="Colour of links and of what is chosen")
    accent_dark: Colour | None = Field(None, description="The same where it is dark")
    paper: Colour | None = Field(None, description="Colour behind the text")
    paper_dark: Colour | None = Field(None, description="The same where it is dark")
    ink: Colour | None = Field(None, description="Colour of the text")
    ink_dark: Colour | None = Field(None, description="The same where it is dark")
    reading_font: Font | None = Field(None, description="What kind of font posts are set in")
    interface_font: Font | None = Field(None, description="What kind of font all else is set in")
    logo: Logo | None = Field(None, description="In place of the mark before the title")
