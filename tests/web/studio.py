"""How tests enter the studio: an owner who is signed in at a browser."""

from blogen.domain.person import Scope
from tests.web.people import Browser, PeopleSite


async def owner_at(site: PeopleSite, handle: str = "olga", role: Scope = Scope.ADMIN) -> Browser:
    """A browser in which a person of that role, who is made here, has signed in."""
    await site.person(handle, role=role)
    return await site.signed_in(handle)
