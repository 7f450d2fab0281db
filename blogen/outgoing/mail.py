"""Mail: handed to the owner's SMTP server in the background, a few times if need be.

Nobody waits for it: how long an answer takes must not tell whether there was someone to write to. Mail that is still
waiting when the process ends is lost; whoever wanted it asks again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from blogen.errors import BlogenError
from blogen.events import MailFailed, MailSent

if TYPE_CHECKING:
    from email.message import EmailMessage

    from blogen.clock import Clock
    from blogen.config.mail import MailConfig
    from blogen.events import Bus

PAUSES_SECONDS: Final = (5.0, 60.0, 300.0)
"""Before each repetition. The last is as long as servers want that turn away whom they do not know yet."""
MAX_WAITING: Final = 200
"""Mails in hand; what comes on top is refused, as a server that is away for long must not fill the memory."""
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one person. `kind` names it in the log, where neither address nor text may stand."""

    kind: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(default="", repr=False)


class LetterRefused(BlogenError):
    """It cannot be written as mail at all, e.g. because its address is none."""

    code, title, status = "letter-refused", "The mail cannot be sent", 422


class Mail:
    """The way out for letters. `send` hands one over at once, `post` in the background."""

    def __init__(
        self, config: MailConfig, bus: Bus, clock: Clock, *, pauses_seconds: tuple[float, ...] = PAUSES_SECONDS
    ) -> None:
        self._config = config
        self._bus = bus
        self._clock = clock
        self._pauses = pauses_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @property
    def is_on(self) -> bool:
        """Whether the owner has named a server."""
        return self._config.is_on

    def post(self, letter: Letter) -> None:
        """Send in the background. What becomes of it is told by MailSent or MailFailed alone."""
        if len(self._tasks) >= MAX_WAITING:
            self._bus.publish(MailFailed(letter.kind, f"{MAX_WAITING} mails are waiting already.", is_final=True))
            return
        task = asyncio.create_task(self._deliver(letter))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def send(self, letter: Letter) -> None:
        """Hand one over now. Raises LetterRefused, aiosmtplib.SMTPException, OSError."""
        import aiosmtplib

        config = self._config
        if config.host is None:
            raise LetterRefused("No mail server is configured.", remedy="Fill in `[mail]`.")
        message = _written(letter, str(config.sender))
        client = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.its_port,
            username=config.user,
            password=config.password.get_secret_value() if config.password else None,
            use_tls=config.security == "tls",
            start_tls=config.security == "starttls",
            timeout=config.timeout_seconds,
        )
        async with self._turns, client:
            try:
                await client.send_message(message, recipients=[letter.to])
            except asyncio.CancelledError:
                client.close()  # a farewell would wait for a server that is in the middle of the letter
                raise

    async def close(self) -> None:
        """Give up what is still waiting."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, letter: Letter) -> None:
        pauses = list(self._pauses)
        while True:
            try:
                await self.send(letter)
            except Exception as error:  # whatever it is, nobody else hears of it
                is_final = not pauses or not _passes(error)
                self._bus.publish(MailFailed(letter.kind, _without(letter.to, _worded(error)), is_final))
                if is_final:
                    return
            else:
                self._bus.publish(MailSent(letter.kind))
                return
            await self._clock.sleep(pauses.pop(0))


def _written(letter: Letter, sender: str) -> EmailMessage:
    """The letter as mail. Raises LetterRefused for an address or a subject that is more than one."""
    from email.errors import MessageError
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import formatdate, make_msgid, parseaddr

    message = EmailMessage(policy=SMTP)
    name, address = parseaddr(sender)
    try:
        if not letter.to.isprintable() or not letter.subject.isprintable():
            raise ValueError("a line break or control character")
        # The address is taken apart, not parsed as a header: it stays one recipient, whatever it contains.
        message["To"] = Address(addr_spec=letter.to)
        message["From"] = Address(name, addr_spec=address)
        message["Subject"] = letter.subject
    except (ValueError, IndexError, MessageError) as error:
        raise LetterRefused("The mail's address or subject cannot stand in a header.") from error
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=address.rpartition("@")[2])
    # Nobody's holiday notice should come back, and no list should take it up.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def _passes(error: Exception) -> bool:
    """Whether the same letter may be taken later: after an answer that says so (4xx), and when the network failed."""
    from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException

    if isinstance(error, SMTPRecipientsRefused):
        return all(400 <= refused.code < 500 for refused in error.recipients)
    if isinstance(error, SMTPResponseException):
        return 400 <= error.code < 500
    return isinstance(error, OSError)  # which broken connections and timeouts are too


def _worded(error: Exception) -> str:
    from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException

    if isinstance(error, SMTPRecipientsRefused):
        return " ".join(f"The server answered {one.code} {one.message}" for one in error.recipients)[:300]
    if isinstance(error, SMTPResponseException):
        return f"The server answered {error.code} {error.message}"[:300]
    return f"{type(error).__name__}: {error}"[:300]


def _without(address: str, detail: str) -> str:
    """Servers repeat the address they refuse; the log needs nobody's."""
    detail = detail.replace(address, "…")
    return " ".join(detail.split())
