"""What the owner says at the first set-up: who they are, and what the blog is called."""

from typing import Any, ClassVar

from pydantic import Field

from blogen.domain.accounts import Name, NewPassword
from blogen.domain.job import Topic
from blogen.domain.model import Model
from blogen.domain.site import Tagline, Title
from blogen.domain.terms import Handle


class SetUpRequest(Model):
    """The first admin and the blog's name. Without a password the account is entered by a passkey alone."""

    EXAMPLE: ClassVar[Any] = {"name": "Ann", "handle": "ann", "password": "correct horse battery", "title": "On tea"}

    name: Name = Field(description="The name that others see")
    handle: Handle = Field(description="What others mention the person by; it does not change")
    password: NewPassword | None = None
    title: Title | None = Field(None, description="The blog's name; unset where the configuration says it")
    tagline: Tagline | None = Field(None, description="One line under the name")
    topic: Topic | None = Field(None, description="What the first post is to be about")
