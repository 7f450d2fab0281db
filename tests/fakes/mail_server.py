"""A real SMTP server (aiosmtpd) on loopback that keeps what it is given; it can refuse, ask for a name, and use TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "blog", "pa55-word-of-mail"


class Received(NamedTuple):
    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes
    was_encrypted: bool

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return part.get_content().replace("\r\n", "\n")


class MailServer:
    def __init__(self) -> None:
        self.port = 0
        self.received: list[Received] = []
        self.answers: list[str] = []
        """What it says to the next recipients instead of taking them."""
        self.asked = 0
        self._letters: asyncio.Queue[Received] = asyncio.Queue()

    async def next(self) -> Received:
        """The next letter, once it is there."""
        async with asyncio.timeout(20):
            return await self._letters.get()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        self.asked += 1
        if self.answers:
            return self.answers.pop(0).format(address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = bytes(envelope.content)
        message = message_from_bytes(raw, policy=policy.default)
        received = Received(envelope.mail_from, envelope.rcpt_tos, message, raw, session.ssl is not None)
        self.received.append(received)
        self._letters.put_nowait(received)
        return "250 OK"

    @staticmethod
    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=is_right, handled=False)


@asynccontextmanager
async def mail_server(*, tls: ssl.SSLContext | None = None, with_sign_in: bool = False) -> AsyncIterator[MailServer]:
    kept = MailServer()

    def protocol() -> SMTP:
        return SMTP(
            kept,
            hostname="mail.test",
            tls_context=tls,
            require_starttls=tls is not None,
            authenticator=MailServer.authenticate if with_sign_in else None,
            auth_required=with_sign_in,
            auth_require_tls=tls is not None,
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
        await server.wait_closed()
