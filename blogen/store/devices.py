"""Devices: the browsers that are signed in and the apps that were paired.

A browser shows one secret in its cookie for as long as it is signed in; every sign-in makes a new device with a new
secret. An app has a refresh secret that is good for one use and gives the next one and an access token: who shows an
earlier one again shows that two have it, and the device ends with all its access tokens. A device that ended is gone.
"""

import hmac
import sqlite3
from typing import Final

from blogen.clock import Clock
from blogen.domain.person import Actor, AppTokens, Device, DeviceKind, Scope, TicketKind
from blogen.errors import FieldError, InvalidInput, NotFound, NotSignedIn
from blogen.events import SecretReplayed
from blogen.ids import new_id
from blogen.store.database import Database, Transaction
from blogen.store.people import TOKEN_PREFIX
from blogen.store.secret_texts import digest, family_of, new_family_text, new_text
from blogen.store.tickets import Tickets

COOKIE_PREFIX: Final = "bls_"
REFRESH_PREFIX: Final = "blr_"

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
LASTS_MS: Final = {DeviceKind.BROWSER: 90 * _DAY_MS, DeviceKind.APP: 365 * _DAY_MS}
"""How long a device is signed in after its last use, in milliseconds."""
ACCESS_LASTS_MS: Final = _HOUR_MS

MAX_NAME_CHARS: Final = 100
MAX_DEVICES: Final = 100
"""Of one person; one more ends the one that was used least lately."""

_NOTE_USE_EVERY_MS: Final = 60_000
_ACCESS_TOKENS_KEPT: Final = 4
"""Of one app: an older one may be in a request that is under way."""
_COLUMNS: Final = "id, person_id, kind, name, scope, created_at, last_used_at, expires_at"


class Devices:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def sign_in(
        self, person_id: str, kind: DeviceKind, name: str, *, scope: Scope = Scope.ADMIN, instead_of: str = ""
    ) -> tuple[Device, str]:
        """A new device and its secret, which nobody can see again. It may do what its person may, at most `scope`.

        `instead_of` is the secret that the same browser showed before: it ends. Raises NotSignedIn if the person's
        account is closed.
        """
        return await self._database.write(
            lambda tx: _sign_in(tx, person_id, kind, name, scope=scope, instead_of=instead_of)
        )

    async def sign_in_app(self, person_id: str, name: str, *, scope: Scope = Scope.ADMIN) -> AppTokens:
        """As `sign_in`, with the first access token. Raises NotSignedIn."""
        return await self._database.write(lambda tx: _sign_in_app(tx, person_id, name, scope=scope))

    async def pair(self, code: str, name: str, *, scope: Scope = Scope.ADMIN) -> AppTokens:
        """Sign an app in with a pairing code, which is used up; it may do no more than the code says.

        Raises InvalidInput if the code is of no use.
        """

        def work(tx: Transaction) -> AppTokens:
            person_id, allowed = _paired(tx, code, scope)
            return _sign_in_app(tx, person_id, name, scope=allowed)

        return await self._database.write(work)

    async def pair_browser(
        self, code: str, name: str, *, scope: Scope = Scope.ADMIN, instead_of: str = ""
    ) -> tuple[Device, str]:
        """As `pair`, for a browser; answers as `sign_in` does."""

        def work(tx: Transaction) -> tuple[Device, str]:
            person_id, allowed = _paired(tx, code, scope)
            return _sign_in(tx, person_id, DeviceKind.BROWSER, name, scope=allowed, instead_of=instead_of)

        return await self._database.write(work)

    async def by_cookie(self, text: str) -> Actor | None:
        """Who acts with this browser; None if the secret is mistyped or unknown, expired, ended, or the account is
        closed."""
        if family_of(text, COOKIE_PREFIX) is None:
            return None
        row = await self._database.read_one(
            "SELECT d.id, d.person_id, d.scope, d.last_used_at, d.expires_at, p.role"
            " FROM devices AS d JOIN people AS p ON p.id = d.person_id"
            " WHERE d.hash = ? AND d.kind = 'browser' AND p.disabled_at IS NULL",
            (digest(text),),
        )
        if row is None:
            return None
        now = self._clock.now_ms()
        if row["expires_at"] <= now:
            # Gone for good: a clock that is set back must not revive it.
            self._database.write_aside("DELETE FROM devices WHERE id = ?", (row["id"],))
            return None
        if not row["last_used_at"] <= now < row["last_used_at"] + _NOTE_USE_EVERY_MS:
            self._database.write_aside(
                "UPDATE devices SET last_used_at = ?, expires_at = ? WHERE id = ?",
                (now, now + LASTS_MS[DeviceKind.BROWSER], row["id"]),
            )
        return Actor(_least(row["scope"], row["role"]), person_id=row["person_id"], device_id=row["id"])

    async def rotate(self, text: str) -> AppTokens | None:
        """The next refresh secret and access token of an app; `text`, its refresh secret, is used up.

        None if it is mistyped or unknown, expired or ended. One that was used before ends the device.
        """
        family = family_of(text, REFRESH_PREFIX)
        if family is None:
            return None
        hashed = digest(text)

        def work(tx: Transaction) -> AppTokens | None:
            rows = tx.query(
                f"SELECT {_of_d(_COLUMNS)}, d.hash, p.role, p.disabled_at"
                " FROM devices AS d JOIN people AS p ON p.id = d.person_id WHERE d.family = ? AND d.kind = 'app'",
                (digest(family),),
            )
            if not rows:
                return None
            row = rows[0]
            is_replayed = not hmac.compare_digest(row["hash"], hashed)
            if is_replayed or row["expires_at"] <= tx.now_ms or row["disabled_at"] is not None:
                tx.execute("DELETE FROM devices WHERE id = ?", (row["id"],))
                if is_replayed:
                    tx.publish(SecretReplayed(row["id"], row["person_id"]))
                return None
            refresh = new_family_text(REFRESH_PREFIX, family)
            tx.execute(
                "UPDATE devices SET hash = ?, last_used_at = ?, expires_at = ? WHERE id = ?",
                (digest(refresh), tx.now_ms, tx.now_ms + LASTS_MS[DeviceKind.APP], row["id"]),
            )
            device = _device(tx.query(f"SELECT {_COLUMNS} FROM devices WHERE id = ?", (row["id"],))[0], row["role"])
            return AppTokens(device, *_access(tx, device, refresh))

        return await self._database.write(work)

    async def of_person(self, person_id: str) -> list[Device]:
        """The devices that are signed in, the oldest first; at most `MAX_DEVICES`."""
        rows = await self._database.read(
            f"SELECT {_of_d(_COLUMNS)}, p.role FROM devices AS d JOIN people AS p ON p.id = d.person_id"
            " WHERE d.person_id = ? AND d.expires_at > ? ORDER BY d.id",
            (person_id, self._clock.now_ms()),
        )
        return [_device(row, row["role"]) for row in rows]

    async def revoke(self, device_id: str, *, person_id: str) -> None:
        """End one of a person's devices. Raises NotFound, also if it is someone else's."""
        ended = await self._database.write(
            lambda tx: tx.execute("DELETE FROM devices WHERE id = ? AND person_id = ?", (device_id, person_id))
        )
        if not ended:
            raise NotFound("There is no such device.", remedy="GET /api/v1/auth/devices lists yours.")

    async def revoke_others(self, person_id: str, keep: str | None) -> int:
        """End all of a person's devices but `keep`; how many there were."""
        return await self._database.write(lambda tx: revoke_others(tx, person_id, keep))


def revoke_others(tx: Transaction, person_id: str, keep: str | None) -> int:
    """End all of a person's devices but `keep`, with what brings it about; how many there were."""
    return tx.execute("DELETE FROM devices WHERE person_id = ? AND id IS NOT ?", (person_id, keep))


def _paired(tx: Transaction, code: str, scope: Scope) -> tuple[str, Scope]:
    """Whose pairing code this is, which it no longer is, and what may be done with it."""
    ticket = Tickets.take(tx, TicketKind.PAIRING, code)
    assert ticket.person_id is not None
    return ticket.person_id, _least(scope, ticket.role)


def _sign_in_app(tx: Transaction, person_id: str, name: str, *, scope: Scope) -> AppTokens:
    device, refresh = _sign_in(tx, person_id, DeviceKind.APP, name, scope=scope)
    return AppTokens(device, *_access(tx, device, refresh))


def _sign_in(
    tx: Transaction, person_id: str, kind: DeviceKind, name: str, *, scope: Scope, instead_of: str = ""
) -> tuple[Device, str]:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable():
        message = f"must be one line of 1 to {MAX_NAME_CHARS} characters"
        raise InvalidInput(f"The device's name {message}.", errors=[FieldError("device", message)])
    role = tx.query("SELECT role FROM people WHERE id = ? AND disabled_at IS NULL", (person_id,))
    if not role:
        raise NotSignedIn("The account is closed.", remedy="Ask the owner of the blog.")
    told = _end_earlier(tx, instead_of, person_id) if instead_of else []
    _make_room(tx, person_id)
    prefix = COOKIE_PREFIX if kind is DeviceKind.BROWSER else REFRESH_PREFIX
    text = new_family_text(prefix)
    family = family_of(text, prefix)
    assert family is not None
    device_id = new_id()
    tx.execute(
        "INSERT INTO devices (id, person_id, kind, name, scope, hash, family, created_at, last_used_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (device_id, person_id, kind, name, scope, digest(text), digest(family),
         tx.now_ms, tx.now_ms, tx.now_ms + LASTS_MS[kind]),
    )  # fmt: skip
    for subscription_id in told:
        tx.execute("UPDATE push_subscriptions SET device_id = ? WHERE id = ?", (device_id, subscription_id))
    row = tx.query(f"SELECT {_COLUMNS} FROM devices WHERE id = ?", (device_id,))[0]
    return _device(row, role[0]["role"]), text


def _end_earlier(tx: Transaction, secret: str, person_id: str) -> list[str]:
    """End what the same browser was before; the ids of the person's own subscriptions there, which go on."""
    family = family_of(secret, COOKIE_PREFIX)
    if family is None:
        return []
    told = tx.query(
        "UPDATE push_subscriptions SET device_id = NULL WHERE person_id = ? AND device_id IN"
        " (SELECT id FROM devices WHERE family = ? AND kind = 'browser') RETURNING id",
        (person_id, digest(family)),
    )
    tx.execute("DELETE FROM devices WHERE family = ? AND kind = 'browser'", (digest(family),))
    return [row["id"] for row in told]


def _make_room(tx: Transaction, person_id: str) -> None:
    tx.execute("DELETE FROM devices WHERE person_id = ? AND expires_at <= ?", (person_id, tx.now_ms))
    rows = tx.query("SELECT id, last_used_at FROM devices WHERE person_id = ?", (person_id,))
    too_many = max(0, len(rows) + 1 - MAX_DEVICES)
    for row in sorted(rows, key=lambda row: row["last_used_at"])[:too_many]:
        tx.execute("DELETE FROM devices WHERE id = ?", (row["id"],))


def _access(tx: Transaction, device: Device, refresh: str) -> tuple[str, str, int]:
    """A new access token of `device`, its refresh secret again, and when the token expires."""
    access, expires_at = new_text(TOKEN_PREFIX), tx.now_ms + ACCESS_LASTS_MS
    old = tx.query("SELECT id, expires_at FROM tokens WHERE device_id = ?", (device.id,))
    kept = sorted((row["id"] for row in old if row["expires_at"] > tx.now_ms), reverse=True)[: _ACCESS_TOKENS_KEPT - 1]
    for row in old:
        if row["id"] not in kept:
            tx.execute("DELETE FROM tokens WHERE id = ?", (row["id"],))
    tx.execute(
        "INSERT INTO tokens (id, hash, scope, person_id, device_id, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (new_id(), digest(access), device.scope, device.person_id, device.id, tx.now_ms, expires_at),
    )
    return access, refresh, expires_at


def _of_d(columns: str) -> str:
    return ", ".join(f"d.{column}" for column in columns.split(", "))


def _least(scope: str, role: str) -> Scope:
    return Scope(scope) if Scope(role).includes(Scope(scope)) else Scope(role)


def _device(row: sqlite3.Row, role: str) -> Device:
    return Device(
        row["id"], row["person_id"], DeviceKind(row["kind"]), row["name"], _least(row["scope"], role),
        row["created_at"], row["last_used_at"], row["expires_at"],
    )  # fmt: skip
