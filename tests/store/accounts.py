"""Stores of people, devices and tickets over one real database, with a clock that stands."""

from blogen.clock import SystemClock
from blogen.domain.person import Person, Scope
from blogen.store.database import Database
from blogen.store.devices import Devices
from blogen.store.people import People
from blogen.store.tickets import Tickets
from tests.blog import Blog
from tests.fresh import prepare

PASSWORD = "correct horse battery"


class SetClock(SystemClock):
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.at = 1_760_000_000_000

    def now_ms(self) -> int:
        return self.at


class Accounts:
    def __init__(self, blog: Blog, clock: SetClock) -> None:
        self.blog = blog
        self.clock = clock
        self.people = People(blog.database, clock)
        self.devices = Devices(blog.database, clock)
        self.tickets = Tickets(blog.database, clock)

    async def person(self, handle: str = "ann", role: Scope = Scope.READER, **more: str) -> Person:
        return await self.people.create_person(handle, handle.title(), role, PASSWORD, **more)

    async def stored(self) -> str:
        """Every row of every table, as one text."""
        tables = await self.blog.database.read("SELECT name FROM sqlite_schema WHERE type = 'table'")
        rows = []
        for table in tables:
            if not table["name"].startswith("posts_search"):
                rows += await self.blog.database.read(f"SELECT * FROM {table['name']}")
        return str([tuple(row) for row in rows])


async def open_accounts(folder) -> Accounts:
    clock = SetClock()
    prepare(folder / "blogen.db")
    from blogen.events import Bus

    bus = Bus()
    database = await Database.open(folder / "blogen.db", clock=clock, bus=bus)
    return Accounts(Blog(folder, database, bus), clock)
