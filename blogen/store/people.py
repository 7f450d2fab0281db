"""People and the tokens they act with.

A token's text is shown once and stored only as its SHA-256; a password only as its Argon2id hash. A token carries a
checksum, so a mistyped one is refused without asking the database; every other is looked up each time, because the
command line revokes tokens from another process and must be obeyed at once.
"""

import asyncio
import hashlib
import secrets
import sqlite3
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from blogen.clock import Clock
from blogen.domain.person import Actor, Person, Scope, Token
from blogen.errors import BlogenError, Conflict, FieldError, InvalidInput, NotFound
from blogen.ids import new_id
from blogen.store.database import Database, Transaction

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TOKEN_PREFIX: Final = "blg_"  # noqa: S105
MIN_PASSWORD_CHARS: Final = 8
MAX_PASSWORD_CHARS: Final = 1000
MAX_LABEL_CHARS: Final = 100
MAX_NAME_CHARS: Final = 100

_SECRET_BYTES = 32
_SECRET_CHARS = 43
_CHECKSUM_CHARS = 6
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NOTE_USE_EVERY_MS = 60_000
_HASHES_AT_ONCE = 2
_COLUMNS_OF_PEOPLE = "id, handle, name, role, created_at, disabled_at"
_COLUMNS_OF_TOKENS = "id, scope, person_id, label, created_at, last_used_at, expires_at, revoked_at"


class People:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._used_at: dict[str, int] = {}
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)  # each takes 19 MiB while it runs

    async def create_token(
        self, scope: Scope, person_handle: str | None = None, label: str = "", expires_at: int | None = None
    ) -> tuple[Token, str]:
        """A new token and its text, which nobody can see again. Without a person it acts for the owner.

        Raises InvalidInput if the person's role does not include `scope`, and NotFound if there is no such person.
        """
        _check_label(label)
        now = self._clock.now_ms()
        if expires_at is not None and expires_at <= now:
            raise _invalid("expires_at", "is not in the future")
        text = new_token_text()
        token_id = new_id()

        def work(tx: Transaction) -> str | None:
            person_id = None
            if person_handle is not None:
                person = _active_person(tx, person_handle)
                if not person.role.includes(scope):
                    raise _invalid(
                        "scope", f"is {scope}, but {person.handle} is only {person.role}; a token cannot do more"
                    )
                person_id = person.id
            tx.execute(
                "INSERT INTO tokens (id, hash, scope, person_id, label, created_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (token_id, _hash(text), scope, person_id, label, now, expires_at),
            )
            return person_id

        person_id = await self._database.write(work)
        return Token(token_id, scope, person_id, label, now, expires_at=expires_at), text

    async def token_by_text(self, text: str) -> Actor | None:
        """Who acts with this token; None if it is malformed, unknown, expired, revoked or its person disabled."""
        if not is_well_formed(text):
            return None
        row = await self._database.read_one(
            "SELECT t.id, t.scope, t.person_id, t.last_used_at, t.expires_at, p.role"
            " FROM tokens AS t LEFT JOIN people AS p ON p.id = t.person_id"
            " WHERE t.hash = ? AND t.revoked_at IS NULL AND p.disabled_at IS NULL",
            (_hash(text),),
        )
        if row is None:
            return None
        now = self._clock.now_ms()
        if row["expires_at"] is not None and row["expires_at"] <= now:
            # Revoked for good: a clock that is set back must not revive it.
            self._write_aside("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now, row["id"]))
            return None
        self._note_use(row["id"], row["last_used_at"], now)
        scope = Scope(row["scope"])
        if row["role"] is not None and not Scope(row["role"]).includes(scope):
            scope = Scope(row["role"])
        return Actor(scope, token_id=row["id"], person_id=row["person_id"])

    async def list_tokens(self) -> list[Token]:
        """All tokens, the oldest first, revoked ones included."""
        return [
            _token(row) for row in await self._database.read(f"SELECT {_COLUMNS_OF_TOKENS} FROM tokens ORDER BY id")
        ]

    async def revoke_token(self, token_id: str) -> Token:
        """End a token; one that was revoked before stays as it is. Raises NotFound."""

        def work(tx: Transaction) -> Token:
            tx.execute("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (tx.now_ms, token_id))
            rows = tx.query(f"SELECT {_COLUMNS_OF_TOKENS} FROM tokens WHERE id = ?", (token_id,))
            if not rows:
                raise NotFound(f"There is no token {token_id[:80]}.", remedy="`blogen tokens list` shows them all.")
            return _token(rows[0])

        return await self._database.write(work)

    async def create_person(self, handle: str, name: str, role: Scope, password: str) -> Person:
        """A new account. Raises InvalidInput with every mistake at once, and Conflict if the handle is taken."""
        handle, name = handle.strip(), name.strip()
        _check_person(handle, name, password)
        hashed = await self._hash_password(password)
        person = Person(new_id(), handle, name, role, self._clock.now_ms())

        def work(tx: Transaction) -> None:
            if tx.query("SELECT 1 FROM people WHERE handle = ?", (handle,)):
                raise Conflict(f"The handle {handle} is taken.", remedy="Choose another one.")
            tx.execute(
                "INSERT INTO people (id, handle, name, role, password, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (person.id, handle, name, role, hashed, person.created_at),
            )

        await self._database.write(work)
        return person

    async def list_people(self) -> list[Person]:
        """All accounts by handle, disabled ones included."""
        return [
            _person(row)
            for row in await self._database.read(f"SELECT {_COLUMNS_OF_PEOPLE} FROM people ORDER BY handle")
        ]

    async def disable_person(self, handle: str) -> Person:
        """Close an account and revoke its tokens. Raises NotFound."""

        def work(tx: Transaction) -> Person:
            tx.execute(
                "UPDATE people SET disabled_at = ? WHERE handle = ? AND disabled_at IS NULL", (tx.now_ms, handle)
            )
            person = _person_by_handle(tx, handle)
            tx.execute(
                "UPDATE tokens SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL", (tx.now_ms, person.id)
            )
            return person

        return await self._database.write(work)

    async def verify_password(self, handle: str, password: str) -> Person | None:
        """The person, if the password is theirs and the account is open. A wrong handle takes as long to refuse."""
        if len(password) > MAX_PASSWORD_CHARS or not _is_text(password):
            return None
        row = await self._database.read_one(
            f"SELECT {_COLUMNS_OF_PEOPLE}, password FROM people WHERE handle = ?", (handle.strip(),)
        )
        async with self._hashing:
            matches = await asyncio.to_thread(_matches, row["password"] if row else None, password)
        if row is None or not matches or row["disabled_at"] is not None:
            return None
        return _person(row)

    async def _hash_password(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(lambda: _hasher().hash(password))

    def _note_use(self, token_id: str, last_used_at: int | None, now: int) -> None:
        known = max(self._used_at.get(token_id, 0), last_used_at or 0)
        # A time in the future was noted by a clock that has been set back since.
        if known <= now < known + _NOTE_USE_EVERY_MS:
            return
        self._used_at[token_id] = now
        self._write_aside("UPDATE tokens SET last_used_at = ? WHERE id = ?", (now, token_id))

    def _write_aside(self, sql: str, params: tuple[object, ...]) -> None:
        """Write without waiting: a full disk must not keep anyone out."""
        try:
            written = self._database.write(lambda tx: tx.execute(sql, params))
        except BlogenError:
            return
        written.add_done_callback(lambda done: done.cancelled() or done.exception())


def new_token_text() -> str:
    """A token's text: the prefix, 256 random bits, and a checksum over both."""
    body = TOKEN_PREFIX + _base62(int.from_bytes(secrets.token_bytes(_SECRET_BYTES)), _SECRET_CHARS)
    return body + _checksum(body)


def is_well_formed(text: str) -> bool:
    """Whether `text` can be a token at all: its prefix, its length and its checksum are right."""
    if len(text) != len(TOKEN_PREFIX) + _SECRET_CHARS + _CHECKSUM_CHARS or not text.startswith(TOKEN_PREFIX):
        return False
    return text.isascii() and text[-_CHECKSUM_CHARS:] == _checksum(text[:-_CHECKSUM_CHARS])


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_CHARS)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _hash(text: str) -> str:
    # One round is enough: nobody can try 2^256 texts.
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=1)
def _nobodys_password() -> str:
    return _hasher().hash(secrets.token_hex())


def _matches(hashed: str | None, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(hashed or _nobodys_password(), password) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def _check_label(label: str) -> None:
    if len(label) > MAX_LABEL_CHARS:
        raise _invalid("label", f"has {len(label)} characters; at most {MAX_LABEL_CHARS} are allowed")


def _check_person(handle: str, name: str, password: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from blogen.domain.job import Handle

    errors = []
    try:
        TypeAdapter(Handle).validate_python(handle)
    except ValidationError:
        errors.append(FieldError("handle", "must be 1 to 39 of a-z, 0-9, _ and -, and begin with a letter or a digit"))
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable():
        errors.append(FieldError("name", f"must be one line of 1 to {MAX_NAME_CHARS} characters, found {len(name)}"))
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        errors.append(
            FieldError(
                "password",
                f"has {len(password)} characters; {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} are allowed",
            )
        )
    elif not _is_text(password):
        errors.append(FieldError("password", "is not UTF-8 text"))
    if errors:
        raise InvalidInput(
            " ".join(f"The {error.path} {error.message}." for error in errors),
            errors=errors,
            remedy="Mend it and try again.",
        )


def _is_text(password: str) -> bool:
    """Not so for bytes of another encoding, which the command line hands on as half surrogate pairs."""
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return True


def _invalid(path: str, message: str) -> InvalidInput:
    return InvalidInput(f"The {path} {message}.", errors=[FieldError(path, message)])


def _person_by_handle(tx: Transaction, handle: str) -> Person:
    rows = tx.query(f"SELECT {_COLUMNS_OF_PEOPLE} FROM people WHERE handle = ?", (handle,))
    if not rows:
        raise NotFound(f"There is no person {handle[:80]}.", remedy="`blogen users list` shows them all.")
    return _person(rows[0])


def _active_person(tx: Transaction, handle: str) -> Person:
    person = _person_by_handle(tx, handle)
    if person.disabled_at is not None:
        raise Conflict(f"The account of {person.handle} is disabled.", remedy="Choose another person.")
    return person


def _person(row: sqlite3.Row) -> Person:
    return Person(
        row["id"], row["handle"], row["name"], Scope(row["role"]), row["created_at"], disabled_at=row["disabled_at"]
    )


def _token(row: sqlite3.Row) -> Token:
    return Token(
        row["id"], Scope(row["scope"]), row["person_id"], row["label"], row["created_at"],
        last_used_at=row["last_used_at"], expires_at=row["expires_at"], revoked_at=row["revoked_at"],
    )  # fmt: skip
