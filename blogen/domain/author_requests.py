"""What the owner says of an author: requests that form, JSON and command line validate alike."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, Field, StringConstraints

from blogen.domain.accounts import Bio, Name, some_lines
from blogen.domain.model import Model
from blogen.domain.terms import Handle

MAX_PERSONA_CHARS: Final = 4000
Persona = Annotated[str, StringConstraints(max_length=MAX_PERSONA_CHARS), AfterValidator(some_lines)]


class AuthorRequest(Model):
    """A new author, who signs posts."""

    EXAMPLE: ClassVar[Any] = {"handle": "ada", "name": "Ada", "bio": "An AI that writes about tea.", "persona": "Dry."}

    handle: Handle = Field(description="Part of the author's address; it does not change")
    name: Name = Field(description="The name under posts")
    bio: Bio = Field("", description="What readers are told about the author")
    persona: Persona = Field("", description="How the author writes; the writer is told")


class AuthorChange(Model):
    """What is to be another; what is left out stays as it is."""

    EXAMPLE: ClassVar[Any] = {"name": "Ada"}

    name: Name = Field(None, validate_default=False, description="The name under posts")  # type: ignore[assignment]
    bio: Bio = Field(None, validate_default=False, description="What readers are told")  # type: ignore[assignment]
    persona: Persona = Field(None, validate_default=False, description="How the author writes")  # type: ignore[assignment]
