"""`[mail]`: the server that takes mail from the blog."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from blogen.config.section import Section


def _known_sender(value: str) -> str:
    from email.utils import parseaddr

    _, address = parseaddr(value)
    local, _, host = address.rpartition("@")
    if not local or not host or not value.isprintable():
        raise ValueError("expected an address such as blog@example.com or My blog <blog@example.com>")
    return value


Sender = Annotated[str, AfterValidator(_known_sender)]
"""An e-mail address, with a name before it or not."""


class MailConfig(Section):
    """The server (SMTP) that takes mail, such as links to set a new password. Off while `host` is unset."""

    host: str | None = Field(None, min_length=1, max_length=255, description="Where the server is; unset: no mail")
    port: int | None = Field(
        None, ge=1, le=65535, description="Its port; unset: 587 with `starttls`, 465 with `tls`, 25 with `none`"
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is protected; `none` only for a server on this machine"
    )
    user: str | None = Field(None, min_length=1, max_length=255, description="Who signs in there; unset: nobody")
    password: SecretStr | None = Field(None, description="The password for it; better given as `password_file`")
    sender: Sender | None = Field(
        None, max_length=320, description="The address that mail comes from, e.g. My blog <blog@example.com>"
    )
    timeout_seconds: float = Field(
        30.0, gt=0, le=600, allow_inf_nan=False, description="How long handing over one mail may take"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.host is None:
            return self
        if self.sender is None:
            raise ValueError("`sender` is missing: mail needs an address to come from")
        if (self.user is None) is not (self.password is None):
            raise ValueError("`user` and `password` go together; give both or none")
        return self

    @property
    def is_on(self) -> bool:
        return self.host is not None

    @property
    def its_port(self) -> int:
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]
