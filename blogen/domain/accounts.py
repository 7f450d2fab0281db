"""What people send about their accounts: requests that form, JSON and command line validate alike."""

import re
import unicodedata
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from blogen.domain.model import Model
from blogen.domain.person import Scope
from blogen.domain.terms import Handle

MIN_PASSWORD_CHARS: Final = 8
MAX_PASSWORD_CHARS: Final = 1000
MAX_NAME_CHARS: Final = 100
MAX_BIO_CHARS: Final = 2000
MAX_EMAIL_CHARS: Final = 254
_MAX_LOCAL_CHARS: Final = 64
_MAX_MARKS: Final = 4
"""On one letter, one after the other: more than any language writes."""

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])")
_JOINERS: Final = "\u200c\u200d"
"""Invisible, and yet needed: Persian and many emoji are written with them."""


def normal_email(address: str) -> str:
    """An e-mail address as it is stored and compared: lower case, its domain in ASCII. Raises ValueError."""
    local, _, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode() if domain and not domain.isascii() else domain
    except UnicodeError:
        domain = ""
    local, domain = local.lower() if local.isascii() else "", domain.lower()
    fits = len(local) <= _MAX_LOCAL_CHARS and len(local) + 1 + len(domain) <= MAX_EMAIL_CHARS
    if not (fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise ValueError("must be an e-mail address such as ann@example.com")
    return f"{local}@{domain}"


def one_line(text: str) -> str:
    """A name as it is shown: one line, nothing that hides or turns what stands beside it. Raises ValueError."""
    text = unicodedata.normalize("NFC", " ".join(text.split(" "))).strip()
    _check_characters(text, allowed="")
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        raise ValueError("must have something that can be seen")
    return text


def some_lines(text: str) -> str:
    """A text of several lines, with nothing that hides or turns what stands beside it. Raises ValueError."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    _check_characters(text, allowed="\n\t")
    return text


def _check_characters(text: str, *, allowed: str) -> None:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        is_unfit = category in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and character not in allowed + _JOINERS
        if is_unfit:
            raise ValueError(f"has a character that cannot be shown (U+{ord(character):04X})")
        if marks > _MAX_MARKS:
            raise ValueError("has too many marks on one letter")


def _is_text(password: str) -> str:
    """Not so for half surrogate pairs, which JSON can carry and UTF-8 cannot."""
    try:
        password.encode()
    except UnicodeEncodeError:
        raise ValueError("is not UTF-8 text") from None
    return password


Email = Annotated[str, Field(max_length=MAX_EMAIL_CHARS), AfterValidator(normal_email)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_CHARS), AfterValidator(one_line)]
Bio = Annotated[str, StringConstraints(max_length=MAX_BIO_CHARS), AfterValidator(some_lines)]
NewPassword = Annotated[
    str, Field(min_length=MIN_PASSWORD_CHARS, max_length=MAX_PASSWORD_CHARS), AfterValidator(_is_text)
]
Password = Annotated[str, Field(max_length=MAX_PASSWORD_CHARS), AfterValidator(_is_text)]
"""One that is to be compared: what it must have been like is no longer told."""
DeviceName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_CHARS), AfterValidator(one_line)]
OneTimeText = Annotated[str, Field(min_length=1, max_length=200)]
UNNAMED: Final = "App"
"""What an app is called that does not say what it is."""
_DEVICE_WORDS: Final = "What the list of devices calls this app, e.g. `Ann's phone`"
_SCOPE_WORDS: Final = "At most this; unset: all that the person may"


class RegisterRequest(Model):
    """A new account, and the app that made it signed in."""

    EXAMPLE: ClassVar[Any] = {"handle": "ann", "name": "Ann", "password": "correct horse battery"}

    handle: Handle = Field(description="What others mention the person by; it does not change")
    name: Name | None = Field(None, description="The name that others see; unset: the handle")
    email: Email | None = Field(None, description="Where a link for a new password may be sent; shown to nobody")
    password: NewPassword
    invitation: OneTimeText | None = Field(None, description="Needed where one may only register by invitation")
    device: DeviceName = Field(UNNAMED, description=_DEVICE_WORDS)


class LoginRequest(Model):
    """Sign in with a password, by the handle or by the e-mail address."""

    EXAMPLE: ClassVar[Any] = {"handle": "ann", "password": "correct horse battery", "device": "Ann's phone"}

    handle: str | None = Field(None, min_length=1, max_length=MAX_EMAIL_CHARS)
    email: str | None = Field(None, min_length=1, max_length=MAX_EMAIL_CHARS, description="Instead of the handle")
    password: Password
    device: DeviceName = Field(UNNAMED, description=_DEVICE_WORDS)
    scope: Scope | None = Field(None, description=_SCOPE_WORDS)

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.handle is None) == (self.email is None):
            raise ValueError("needs either `handle` or `email`")
        return self

    @property
    def who(self) -> str:
        return self.handle or self.email or ""


class RefreshRequest(Model):
    """Get the next tokens of an app. Each refresh token is good for one use."""

    EXAMPLE: ClassVar[Any] = {"refresh_token": "blr_…"}

    refresh_token: OneTimeText


class PairRequest(Model):
    """Sign an app in with a one-time code."""

    EXAMPLE: ClassVar[Any] = {"code": "7K3M-Q0XP", "device": "Ann's phone"}

    code: OneTimeText = Field(description="As the profile page or the owner shows it; good for ten minutes and one use")
    device: DeviceName = Field(UNNAMED, description=_DEVICE_WORDS)
    scope: Scope | None = Field(None, description=_SCOPE_WORDS)


class PasswordChange(Model):
    """A new password. All other devices are signed out."""

    EXAMPLE: ClassVar[Any] = {"password": "correct horse battery", "new_password": "quite another horse"}

    password: Password = Field(description="The present one")
    new_password: NewPassword


class ProfileChange(Model):
    """What a person changes of their profile; what is left out stays as it is."""

    EXAMPLE: ClassVar[Any] = {"name": "Ann Lee", "bio": "I read about tea."}

    name: Name = Field(None, validate_default=False, description="The name that others see")  # type: ignore[assignment]
    bio: Bio = Field(None, validate_default=False, description="Plain text; others see it")  # type: ignore[assignment]
    email: Email | None = Field(None, description="Shown to nobody; null takes it away")
    hides_unreviewed: bool = Field(None, validate_default=False, description="Leave out posts that no person reviewed")  # type: ignore[assignment]


class AccountDeletion(Model):
    """Delete the account for good."""

    EXAMPLE: ClassVar[Any] = {"password": "correct horse battery"}

    password: Password = Field(description="The present one")
