"""Letters over a real SMTP server: what is in them, whom they reach, and what becomes of those that are refused."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from blogen.clock import SystemClock
from blogen.config.mail import MailConfig
from blogen.events import Bus, Event, MailFailed, MailSent
from blogen.outgoing.mail import MAX_WAITING, Letter, LetterRefused, Mail
from tests.fakes.mail_server import PASSWORD, USER, MailServer, mail_server

LETTER = Letter(
    "reset", "ann@example.com", "Täst – ein Link", "Open this:\n\nhttps://x.example/reset/abc\n", "<p>Hi</p>"
)


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as opened:
        yield opened


class Post:
    """Mail, and what it told."""

    def __init__(self, port: int, *, pauses: tuple[float, ...] = (), **config: object) -> None:
        self.bus = Bus()
        self.told: asyncio.Queue[Event] = asyncio.Queue()
        self.bus.subscribe(self.told.put_nowait)
        sections = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "Blög <blog@example.org>"} | config
        self.mail = Mail(MailConfig.model_validate(sections), self.bus, SystemClock(), pauses_seconds=pauses)

    async def heard(self) -> Event:
        async with asyncio.timeout(20):
            return await self.told.get()


async def test_a_letter_arrives_as_text_and_html_with_headers_of_ours_alone(server):
    post = Post(server.port)
    post.mail.post(LETTER)
    assert await post.heard() == MailSent("reset")
    [received] = server.received
    assert received.recipients == ["ann@example.com"]
    assert received.sender == "blog@example.org"
    message = received.message
    assert message["To"] == "ann@example.com"
    assert message["From"] == "Blög <blog@example.org>"
    assert message["Subject"] == LETTER.subject
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")
    assert received.text == LETTER.text
    assert message.get_body(("html",)).get_content().strip() == "<p>Hi</p>"


@pytest.mark.parametrize(
    "to",
    ["a@b.c\r\nBcc: x@y.z", "a@b.c\nSubject: x", "a@b.c, x@y.z", "Ann <a@b.c>", "a@b.c\x00", "a", "a@", "@b", "",
     "a b@c.d", "a@b@c", "a@b.c>\r\nRCPT TO:<x@y.z", "ü@b.c\u2028"],
)  # fmt: skip
async def test_an_address_that_is_more_than_one_is_refused_before_anything_is_sent(server, to):
    post = Post(server.port)
    with pytest.raises(LetterRefused):
        await post.mail.send(Letter("reset", to, "Subject", "Text"))
    assert (server.received, server.asked) == ([], 0)


@pytest.mark.parametrize("subject", ["Hi\r\nBcc: x@y.z", "Hi\nX-Evil: 1", "Hi\x85there", "Hi\u2028there"])
async def test_a_subject_cannot_become_a_header(server, subject):
    with pytest.raises(LetterRefused):
        await Post(server.port).mail.send(Letter("reset", "a@b.c", subject, "Text"))
    assert server.received == []


async def test_a_text_cannot_end_the_letter_early(server):
    text = "one\r\n.\r\nMAIL FROM:<x@y.z>\n.\nQUIT\n"
    await Post(server.port).mail.send(Letter("reset", "a@b.c", "Subject", text))
    [received] = server.received
    assert received.text.split() == text.split()


async def test_a_server_that_asks_to_come_back_is_asked_again(server):
    server.answers = ["451 4.7.1 Greylisted <{}>, come back"] * 2
    post = Post(server.port, pauses=(0, 0, 0))
    post.mail.post(LETTER)
    first, second = await post.heard(), await post.heard()
    assert isinstance(first, MailFailed)
    assert first == second
    assert not first.is_final
    assert "451" in first.detail
    assert LETTER.to not in first.detail
    assert await post.heard() == MailSent("reset")


async def test_after_the_last_pause_a_letter_is_given_up(server):
    server.answers = ["451 busy"] * 9
    post = Post(server.port, pauses=(0,))
    post.mail.post(LETTER)
    assert [(await post.heard()).is_final, (await post.heard()).is_final] == [False, True]
    assert server.asked == 2


async def test_a_refusal_for_good_is_not_repeated_and_names_nobody(server):
    server.answers = ["550 5.1.1 <{}> is unknown here"]
    post = Post(server.port, pauses=(0, 0))
    post.mail.post(LETTER)
    failed = await post.heard()
    assert failed == MailFailed("reset", "The server answered 550 5.1.1 <…> is unknown here", is_final=True)
    assert server.asked == 1


async def test_where_no_server_listens_the_failure_is_told_without_secrets():
    nobody = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = nobody.sockets[0].getsockname()[1]
    nobody.close()
    await nobody.wait_closed()
    post = Post(port, user=USER, password=PASSWORD, pauses=(0,))
    post.mail.post(LETTER)
    for is_final in (False, True):
        failed = await post.heard()
        assert isinstance(failed, MailFailed)
        assert failed.is_final is is_final
        assert PASSWORD not in str(failed)
        assert LETTER.to not in str(failed)


async def test_a_server_that_says_nothing_is_left_after_the_time_set(server):
    async def say_nothing(*_ends):  # which it holds: a writer that nobody has closes its connection
        await asyncio.sleep(60)

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    post = Post(silent.sockets[0].getsockname()[1], timeout_seconds=0.2)
    post.mail.post(LETTER)
    failed = await post.heard()
    assert isinstance(failed, MailFailed)
    assert "imed out" in failed.detail
    silent.close()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_the_name_and_password_are_those_configured():
    async with mail_server(with_sign_in=True) as server:
        post = Post(server.port, user=USER, password=PASSWORD)
        post.mail.post(LETTER)
        assert await post.heard() == MailSent("reset")
        wrong = Post(server.port, user=USER, password="wrong-password", pauses=(0,))
        wrong.mail.post(LETTER)
        failed = await wrong.heard()
        assert isinstance(failed, MailFailed)
        assert failed.is_final, "a wrong password stays wrong"
        assert "wrong-password" not in str(failed)


async def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(tmp_path):
    async with mail_server(tls=self_signed(tmp_path)) as server:
        post = Post(server.port, security="starttls")
        post.mail.post(LETTER)
        failed = await post.heard()
        assert isinstance(failed, MailFailed)
        assert "CERTIFICATE_VERIFY_FAILED" in failed.detail
        assert server.received == []


async def test_starttls_is_demanded_not_hoped_for(server):
    post = Post(server.port, security="starttls", pauses=(0,))
    post.mail.post(LETTER)
    failed = await post.heard()
    assert isinstance(failed, MailFailed)
    assert failed.is_final
    assert server.received == []


async def test_with_a_certificate_that_is_vouched_for_the_letter_goes_encrypted(tmp_path, monkeypatch):
    context = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    async with mail_server(tls=context, with_sign_in=True) as server:
        post = Post(server.port, host="localhost", security="starttls", user=USER, password=PASSWORD)
        post.mail.post(LETTER)
        assert await post.heard() == MailSent("reset")
        assert server.received[0].was_encrypted


async def test_more_than_some_letters_do_not_wait():
    post = Post(9)
    for _ in range(MAX_WAITING + 1):
        post.mail.post(LETTER)
    failed = await post.heard()
    assert isinstance(failed, MailFailed)
    assert failed.is_final
    assert "waiting" in failed.detail
    await post.mail.close()


def test_a_letter_shows_nobody_whom_it_is_for():
    assert "ann@" not in repr(LETTER)
    assert "abc" not in repr(LETTER)


@pytest.mark.parametrize(
    "wrong",
    [{"host": "x"}, {"host": "x", "sender": "nobody"}, {"host": "x", "sender": "a@b.c\nBcc: x@y.z"},
     {"host": "x", "sender": "a@b.c", "user": "u"}, {"host": "x", "sender": "a@b.c", "password": "p"},
     {"host": "x", "sender": "a@b.c", "security": "maybe"}],
)  # fmt: skip
def test_half_a_configuration_is_refused(wrong):
    with pytest.raises(ValidationError):
        MailConfig.model_validate(wrong)


def test_the_port_follows_the_protection():
    ports = {how: MailConfig(security=how).its_port for how in ("starttls", "tls", "none")}
    assert ports == {"starttls": 587, "tls": 465, "none": 25}
    assert not MailConfig().is_on


def self_signed(folder) -> ssl.SSLContext:
    """A certificate for localhost that nobody vouches for, in `cert.pem`."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_closing_waits_for_no_server_that_is_in_the_middle_of_a_letter(server):
    has_begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def hold(_server, _session, _envelope) -> str:
        has_begun.set()
        await may_go_on.wait()
        return "250 OK"

    server.handle_DATA = hold
    post = Post(server.port)
    post.mail.post(LETTER)
    async with asyncio.timeout(20):
        await has_begun.wait()
    async with asyncio.timeout(5):
        await post.mail.close()
    may_go_on.set()
    assert post.told.empty()
