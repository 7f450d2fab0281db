"""People, their profiles and passwords, and the tokens they act with.

A token's text is shown once and stored only as its SHA-256; a password only as its Argon2id hash. A token carries a
checksum, so a mistyped one is refused without asking the database; every other is looked up each time, because the
command line revokes tokens from another process and must be obeyed at once.
"""

import asyncio
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from blogen.clock import Clock
from blogen.domain.person import Actor, Person, Scope, TicketKind, Token
from blogen.errors import ChangedMeanwhile, Conflict, FieldError, InvalidInput, NotFound, TooManyAttempts
from blogen.events import AccountDeleted, PostCounted, ProfileChanged
from blogen.ids import new_id
from blogen.store import kept_answers, media, secret_texts
from blogen.store.database import Database, Transaction
from blogen.store.secret_texts import digest, new_text
from blogen.store.tickets import Tickets

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from blogen.domain.accounts import ProfileChange

TOKEN_PREFIX: Final = "blg_"  # noqa: S105
MIN_PASSWORD_CHARS: Final = 8
MAX_PASSWORD_CHARS: Final = 1000
MAX_LABEL_CHARS: Final = 100
MAX_NAME_CHARS: Final = 100

_NOTE_USE_EVERY_MS = 60_000
_NOTED_AT_ONCE = 4096
_HASHES_AT_ONCE = 2
_MOST_WAITING = 64
"""They are done within a few seconds."""
_COLUMNS_OF_PEOPLE = (
    "id, handle, name, role, created_at, disabled_at, email, bio, avatar, is_trusted, hides_unreviewed, version"
)
_WITH_PASSWORD = f"SELECT {_COLUMNS_OF_PEOPLE}, password FROM people"
_COLUMNS_OF_TOKENS = "id, scope, person_id, label, created_at, last_used_at, expires_at, revoked_at"
_ROWS_A_PIECE = 500

_LIKED = "SELECT p.slug FROM likes l JOIN posts p ON p.id = l.post_id WHERE l.person_id = ?"
# What a person counted towards, taken back before their rows go.
_UNCOUNT = (
    "UPDATE posts SET likes = likes - 1 WHERE id IN (SELECT post_id FROM likes WHERE person_id = ?)",
    "UPDATE authors SET followers = followers - 1"
    " WHERE id IN (SELECT author_id FROM author_follows WHERE person_id = ?)",
    "UPDATE tag_counts SET followers = followers - 1 WHERE tag IN (SELECT tag FROM tag_follows WHERE person_id = ?)",
    "DELETE FROM tag_counts WHERE posts = 0 AND followers = 0"
    " AND tag IN (SELECT tag FROM tag_follows WHERE person_id = ?)",
)


Also = Callable[[Transaction, str], None]
"""What is done in the transaction that makes an account, whose id it is given."""


class People:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._used_at: dict[str, int] = {}
        self._waiting = 0
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
                (token_id, digest(text), scope, person_id, label, now, expires_at),
            )
            return person_id

        person_id = await self._database.write(work)
        return Token(token_id, scope, person_id, label, now, expires_at=expires_at), text

    async def token_by_text(self, text: str) -> Actor | None:
        """Who acts with this token; None if it is malformed, unknown, expired, revoked or its person disabled."""
        if not is_well_formed(text):
            return None
        row = await self._database.look_up_one(
            "SELECT t.id, t.scope, t.person_id, t.device_id, t.last_used_at, t.expires_at, p.role"
            " FROM tokens AS t LEFT JOIN people AS p ON p.id = t.person_id"
            " WHERE t.hash = ? AND t.revoked_at IS NULL AND p.disabled_at IS NULL",
            (digest(text),),
        )
        if row is None:
            return None
        now = self._clock.now_ms()
        if row["expires_at"] is not None and row["expires_at"] <= now:
            # Revoked for good: a clock that is set back must not revive it.
            self._database.write_aside(
                "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (now, row["id"])
            )
            return None
        self._note_use(row["id"], row["last_used_at"], now)
        scope = Scope(row["scope"])
        if row["role"] is not None and not Scope(row["role"]).includes(scope):
            scope = Scope(row["role"])
        return Actor(scope, token_id=row["id"], person_id=row["person_id"], device_id=row["device_id"])

    async def list_tokens(self) -> list[Token]:
        """All tokens that were made one by one, the oldest first, revoked ones included."""
        rows = await self._database.read(f"SELECT {_COLUMNS_OF_TOKENS} FROM tokens WHERE device_id IS NULL ORDER BY id")
        return [_token(row) for row in rows]

    async def revoke_token(self, token_id: str) -> Token:
        """End a token; one that was revoked before stays as it is. Raises NotFound."""

        def work(tx: Transaction) -> Token:
            tx.execute("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (tx.now_ms, token_id))
            rows = tx.query(f"SELECT {_COLUMNS_OF_TOKENS} FROM tokens WHERE id = ?", (token_id,))
            if not rows:
                raise NotFound(f"There is no token {token_id[:80]}.", remedy="`blogen tokens list` shows them all.")
            return _token(rows[0])

        return await self._database.write(work)

    async def create_person(
        self, handle: str, name: str, role: Scope, password: str, *, email: str | None = None
    ) -> Person:
        """A new account. Raises InvalidInput with every mistake at once, and Conflict if the handle is taken."""
        return await self._create(handle, name, password, email=email, role=role)

    async def register(
        self, handle: str, name: str, password: str, *, email: str | None = None,
        ticket: tuple[TicketKind, str] | None = None, person_id: str | None = None, also: Also | None = None,
    ) -> Person:  # fmt: skip
        """A new account, a reader's; with an invitation or the set-up link, which is used up, what it says.

        `person_id` is what it is to be called by; `also` is done with it, both or neither.

        Whether the e-mail address is another account's is not told: it signs in, and gets links for, the first account
        that named it. Raises InvalidInput with every mistake at once, and Conflict if the handle is taken.
        """
        if ticket is not None:  # before the password is hashed, which is dear; taken below
            await Tickets(self._database, self._clock).look_at(*ticket)
        return await self._create(handle, name, password, email=email, ticket=ticket, person_id=person_id, also=also)

    async def has_admin(self) -> bool:
        """Whether anybody can do everything here."""
        return (
            await self._database.read_one("SELECT 1 FROM people WHERE role = 'admin' AND disabled_at IS NULL LIMIT 1")
            is not None
        )

    async def _create(
        self, handle: str, name: str, password: str, *, email: str | None,
        role: Scope = Scope.READER, ticket: tuple[TicketKind, str] | None = None, person_id: str | None = None,
        also: Also | None = None,
    ) -> Person:  # fmt: skip
        handle, name, email = _checked(handle.strip(), name.strip(), password, email)
        hashed = await self._hash_password(password)
        person_id = person_id or new_id()

        def work(tx: Transaction) -> Person:
            if tx.query("SELECT 1 FROM people WHERE handle = ?", (handle,)):
                raise Conflict(f"The handle {handle} is taken.", remedy="Choose another one.")
            becomes = Tickets.take(tx, *ticket).role if ticket else role
            tx.execute(
                "INSERT INTO people (id, handle, name, role, password, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (person_id, handle, name, becomes, hashed, tx.now_ms),
            )
            if email is not None:
                _set_email(tx, person_id, email)
            if also is not None:
                also(tx, person_id)
            return _person_by_id(tx, person_id)

        return await self._database.write(work)

    async def by_id(self, person_id: str) -> Person | None:
        return await self._one("id", person_id)

    async def by_handle(self, handle: str) -> Person | None:
        return await self._one("handle", handle.strip())

    async def by_email(self, address: str) -> Person | None:
        """Whose links go to this address: the first account that named it, if it is open."""
        email = _email_or_none(address)
        person = await self._one("mailbox", email) if email else None
        return person if person and person.disabled_at is None else None

    async def _one(self, column: str, value: str) -> Person | None:
        row = await self._database.read_one(f"SELECT {_COLUMNS_OF_PEOPLE} FROM people WHERE {column} = ?", (value,))
        return _person(row) if row else None

    async def names(self, person_ids: Iterable[str]) -> dict[str, str]:
        """What these people are called, by id; those whose account is gone are left out."""
        rows = await self._database.read(
            "SELECT p.id, p.name FROM people p JOIN json_each(?) wanted ON p.id = wanted.value",
            (json.dumps(sorted(set(person_ids))),),
        )
        return {row["id"]: row["name"] for row in rows}

    async def list_people(self) -> list[Person]:
        """All accounts by handle, disabled ones included."""
        return [
            _person(row)
            for row in await self._database.read(f"SELECT {_COLUMNS_OF_PEOPLE} FROM people ORDER BY handle")
        ]

    async def disable_person(self, handle: str) -> Person:
        """Close an account: its tokens are revoked, its devices signed out. Raises NotFound."""

        def work(tx: Transaction) -> Person:
            tx.execute(
                "UPDATE people SET disabled_at = ?, version = version + 1 WHERE handle = ? AND disabled_at IS NULL",
                (tx.now_ms, handle),
            )
            person = _person_by_handle(tx, handle)
            tx.execute(
                "UPDATE tokens SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL", (tx.now_ms, person.id)
            )
            _end_devices(tx, person.id)
            tx.execute("DELETE FROM tickets WHERE person_id = ?", (person.id,))
            return person

        return await self._database.write(work)

    async def enable_person(self, handle: str) -> Person:
        """Open a closed account again; its tokens and devices stay ended. Raises NotFound."""

        def work(tx: Transaction) -> Person:
            tx.execute(
                "UPDATE people SET disabled_at = NULL, version = version + 1"
                " WHERE handle = ? AND disabled_at IS NOT NULL",
                (handle,),
            )
            return _person_by_handle(tx, handle)

        return await self._database.write(work)

    async def set_role(self, handle: str, role: Scope) -> Person:
        """Let a person do more or less; it holds for their tokens and devices at once. Raises NotFound."""

        def work(tx: Transaction) -> Person:
            tx.execute("UPDATE people SET role = ?, version = version + 1 WHERE handle = ?", (role, handle))
            return _person_by_handle(tx, handle)

        return await self._database.write(work)

    async def change_profile(self, person_id: str, change: "ProfileChange", *, seen: int | None = None) -> Person:
        """Change what `change` names. `seen` is the version that it was made from.

        Raises NotFound, and ChangedMeanwhile if someone changed the account since.
        """
        given = {name: getattr(change, name) for name in change.model_fields_set}

        def work(tx: Transaction) -> Person:
            before = _person_by_id(tx, person_id)
            if seen is not None and seen != before.version:
                raise ChangedMeanwhile("The profile was changed meanwhile.", remedy="Read it again, then change it.")
            if "email" in given:  # the same again takes the mailbox if it has become free
                _set_email(tx, person_id, given["email"])
            if all(value == getattr(before, name) for name, value in given.items()):
                return before
            tx.execute(
                "UPDATE people SET name = ?, bio = ?, hides_unreviewed = ?, version = version + 1 WHERE id = ?",
                (given.get("name", before.name), given.get("bio", before.bio),
                 given.get("hides_unreviewed", before.hides_unreviewed), person_id),
            )  # fmt: skip
            if given.get("name", before.name) != before.name:
                tx.publish(ProfileChanged(person_id))
            return _person_by_id(tx, person_id)

        return await self._database.write(work)

    async def set_avatar(self, person_id: str, name: str | None) -> Person:
        """Show the medium `name` with this person, or nothing; what was shown before is deleted.

        Raises NotFound, and ChangedMeanwhile if somebody let go of the same picture since it was stored.
        """

        def work(tx: Transaction) -> Person:
            before = _person_by_id(tx, person_id).avatar
            if name is not None and not media.is_known(tx, name):
                raise ChangedMeanwhile("The picture was deleted meanwhile.", remedy="Send it again.")
            tx.execute("UPDATE people SET avatar = ?, version = version + 1 WHERE id = ?", (name, person_id))
            if before is not None and before != name:
                media.drop(tx, before)
            if before != name:
                tx.publish(ProfileChanged(person_id))
            return _person_by_id(tx, person_id)

        return await self._database.write(work)

    async def verify_password(self, name: str, password: str) -> Person | None:
        """The person with this handle or e-mail address, if the password is theirs and the account is open.

        A wrong name takes as long to refuse. Of those who gave the same address, the one whose password it is.
        """
        if len(password) > MAX_PASSWORD_CHARS or not _is_text(password) or not _is_text(name):
            return None
        rows = await self._named(name.strip())
        # By e-mail always two are compared: how many gave an address is not to be seen by the time it takes.
        hashes = [row["password"] for row in rows] + [None] * ((2 if "@" in name else 1) - len(rows))
        async with self._turn():
            matches = await asyncio.to_thread(lambda: [_matches(hashed, password) for hashed in hashes])
        for row, is_theirs in zip(rows, matches, strict=False):
            if is_theirs and row["disabled_at"] is None:
                return _person(row)
        return None

    async def _named(self, name: str) -> Sequence[sqlite3.Row]:
        """At most one by handle; at most two by e-mail address: its mailbox's, and the newest who also gave it."""
        if "@" not in name:
            handle = name.lower() if name.isascii() else name
            return await self._database.read(f"{_WITH_PASSWORD} WHERE handle = ?", (handle,))
        if (email := _email_or_none(name)) is None:
            return []
        first = await self._database.read(f"{_WITH_PASSWORD} WHERE mailbox = ?", (email,))
        newest = await self._database.read(f"{_WITH_PASSWORD} WHERE email = ? ORDER BY id DESC LIMIT 1", (email,))
        return [*first, *(row for row in newest if row["id"] not in [one["id"] for one in first])]

    async def password_is(self, person_id: str, password: str) -> bool:
        """Whether the password is this person's, and the account open."""
        if len(password) > MAX_PASSWORD_CHARS or not _is_text(password):
            return False
        row = await self._database.read_one("SELECT password, disabled_at FROM people WHERE id = ?", (person_id,))
        async with self._turn():
            matches = await asyncio.to_thread(_matches, row["password"] if row else None, password)
        return row is not None and matches and row["disabled_at"] is None

    async def set_password(self, person_id: str, password: str, *, keep: str | None = None) -> None:
        """A new password; all devices but `keep` are signed out. Raises InvalidInput, NotFound."""
        _check_password(password)
        hashed = await self._hash_password(password)
        await self._database.write(lambda tx: _set_password(tx, person_id, hashed, keep))

    async def reset_password(self, ticket: str, password: str) -> Person:
        """A new password by a one-time link, which is used up; all devices are signed out.

        Raises InvalidInput if the password cannot be one, or the link is mistyped, used or expired.
        """
        _check_password(password)
        await Tickets(self._database, self._clock).look_at(TicketKind.RESET, ticket)
        hashed = await self._hash_password(password)

        def work(tx: Transaction) -> Person:
            person_id = Tickets.take(tx, TicketKind.RESET, ticket).person_id
            assert person_id is not None
            _set_password(tx, person_id, hashed, None)
            return _person_by_id(tx, person_id)

        return await self._database.write(work)

    async def delete_account(self, person_id: str) -> None:
        """Delete a person with all that is theirs alone, for good. Comments stay, as nobody's. Raises NotFound."""

        def work(tx: Transaction) -> None:
            person = _person_by_id(tx, person_id)
            for row in tx.query(_LIKED, (person_id,)):
                tx.publish(PostCounted(row["slug"]))
            for statement in _UNCOUNT:
                tx.execute(statement, (person_id,))
            tx.execute("DELETE FROM people WHERE id = ?", (person_id,))
            if person.avatar is not None:
                media.drop(tx, person.avatar)
            kept_answers.forget(tx, person_id)
            tx.publish(AccountDeleted(person_id, person.handle))

        await self._database.write(work)

    async def everything_of(self, person_id: str) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
        """All that is kept of a person, kind by kind, in pieces of at most `_ROWS_A_PIECE` rows; secrets left out."""
        from blogen.store.belongings import BELONGINGS

        for one in BELONGINGS:
            after: Sequence[object] | None = None
            while True:
                rows = await self._database.read(*one.piece(person_id, after, _ROWS_A_PIECE))
                yield one.name, [one.told(row) for row in rows]
                if len(rows) < _ROWS_A_PIECE:
                    break
                after = one.key_of(rows[-1])

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Few passwords are hashed at a time, and few wait for it. Raises TooManyAttempts."""
        if self._waiting >= _MOST_WAITING:
            raise TooManyAttempts(
                "Too many people sign in at this moment.", remedy="Try again in a few seconds.", retry_after_seconds=5
            )
        self._waiting += 1
        try:
            async with self._hashing:
                yield
        finally:
            self._waiting -= 1

    async def _hash_password(self, password: str) -> str:
        async with self._turn():
            return await asyncio.to_thread(lambda: _hasher().hash(password))

    def _note_use(self, token_id: str, last_used_at: int | None, now: int) -> None:
        known = max(self._used_at.get(token_id, 0), last_used_at or 0)
        # A time in the future was noted by a clock that has been set back since.
        if known <= now < known + _NOTE_USE_EVERY_MS:
            return
        if len(self._used_at) >= _NOTED_AT_ONCE:  # an app has another token every hour; the rows know the rest
            self._used_at.clear()
        self._used_at[token_id] = now
        self._database.write_aside("UPDATE tokens SET last_used_at = ? WHERE id = ?", (now, token_id))


def new_token_text() -> str:
    """A token's text: the prefix, 256 random bits, and a checksum over both."""
    return new_text(TOKEN_PREFIX)


def is_well_formed(text: str) -> bool:
    """Whether `text` can be a token at all: its prefix, its length and its checksum are right."""
    return secret_texts.is_well_formed(text, TOKEN_PREFIX)


class HashCost(NamedTuple):
    """What one try at a password costs, whoever tries."""

    rounds: int
    kib: int


HASHING = HashCost(rounds=2, kib=19 * 1024)
"""The least that OWASP's Password Storage Cheat Sheet names for Argon2id. Tests that are not about it take less."""


@lru_cache(maxsize=1)
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(HASHING.rounds, HASHING.kib, parallelism=1)


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


def _checked(handle: str, name: str, password: str, email: str | None) -> tuple[str, str, str | None]:
    """What an account may be called and signed in with. Raises InvalidInput with every mistake at once."""
    from pydantic import TypeAdapter, ValidationError

    from blogen.domain.accounts import normal_email, one_line
    from blogen.domain.terms import Handle

    errors = []
    try:
        TypeAdapter(Handle).validate_python(handle)
    except ValidationError:
        errors.append(FieldError("handle", "must be 1 to 39 of a-z, 0-9, _ and -, and begin with a letter or a digit"))
    try:
        if not 1 <= len(name) <= MAX_NAME_CHARS:
            raise ValueError(f"must be one line of 1 to {MAX_NAME_CHARS} characters, found {len(name)}")
        name = one_line(name)
    except ValueError as error:
        errors.append(FieldError("name", str(error)))
    errors += _mistakes_in_password(password)
    try:
        email = None if email is None else normal_email(email)
    except ValueError as error:
        errors.append(FieldError("email", str(error)))
    if errors:
        raise InvalidInput(
            " ".join(f"The {error.path} {error.message}." for error in errors),
            errors=errors,
            remedy="Mend it and try again.",
        )
    return handle, name, email


def _check_password(password: str) -> None:
    for error in _mistakes_in_password(password):
        raise _invalid(error.path, error.message)


def _mistakes_in_password(password: str) -> list[FieldError]:
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        allowed = f"{MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} are allowed"
        return [FieldError("password", f"has {len(password)} characters; {allowed}")]
    return [] if _is_text(password) else [FieldError("password", "is not UTF-8 text")]


def _email_or_none(address: str) -> str | None:
    from blogen.domain.accounts import normal_email

    try:
        return normal_email(address)
    except ValueError:
        return None


def _set_email(tx: Transaction, person_id: str, email: str | None) -> None:
    """The first account that names an address has its mailbox; the others are not told."""
    tx.execute("UPDATE people SET mailbox = NULL, email = ? WHERE id = ?", (email, person_id))
    if email is not None and not tx.query("SELECT 1 FROM people WHERE mailbox = ?", (email,)):
        tx.execute("UPDATE people SET mailbox = ? WHERE id = ?", (email, person_id))


def _set_password(tx: Transaction, person_id: str, hashed: str, keep: str | None) -> None:
    if not tx.execute("UPDATE people SET password = ?, version = version + 1 WHERE id = ?", (hashed, person_id)):
        raise _no_account()
    _end_devices(tx, person_id, keep)
    tx.execute("DELETE FROM tickets WHERE person_id = ? AND kind IN ('pairing', 'reset')", (person_id,))


def _end_devices(tx: Transaction, person_id: str, keep: str | None = None) -> None:
    tx.execute("DELETE FROM devices WHERE person_id = ? AND id IS NOT ?", (person_id, keep))


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


def _person_by_id(tx: Transaction, person_id: str) -> Person:
    rows = tx.query(f"SELECT {_COLUMNS_OF_PEOPLE} FROM people WHERE id = ?", (person_id,))
    if not rows:
        raise _no_account()
    return _person(rows[0])


def _no_account() -> NotFound:
    return NotFound("The account is gone.", remedy="It was deleted meanwhile.")


def _active_person(tx: Transaction, handle: str) -> Person:
    person = _person_by_handle(tx, handle)
    if person.disabled_at is not None:
        raise Conflict(f"The account of {person.handle} is disabled.", remedy="Choose another person.")
    return person


def _person(row: sqlite3.Row) -> Person:
    return Person(
        row["id"], row["handle"], row["name"], Scope(row["role"]), row["created_at"], disabled_at=row["disabled_at"],
        email=row["email"], bio=row["bio"], avatar=row["avatar"], is_trusted=bool(row["is_trusted"]),
        hides_unreviewed=bool(row["hides_unreviewed"]), version=row["version"],
    )  # fmt: skip


def _token(row: sqlite3.Row) -> Token:
    return Token(
        row["id"], Scope(row["scope"]), row["person_id"], row["label"], row["created_at"],
        last_used_at=row["last_used_at"], expires_at=row["expires_at"], revoked_at=row["revoked_at"],
    )  # fmt: skip
