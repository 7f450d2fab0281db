"""The site as it is now: what the configuration sets, over what the owner has set in the studio, over the defaults.

`author` and `language` are configuration alone.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from blogen.config import Config, SiteConfig
from blogen.errors import FieldError, InvalidInput
from blogen.events import Bus, Event, SiteChanged
from blogen.store.database import Transaction
from blogen.store.settings import Settings

if TYPE_CHECKING:
    from blogen.domain.site import SiteChange

PREFIX: Final = "site."
"""Of the names of its settings."""


class Site:
    """`now` is what pages show. It has changed already when anybody hears `SiteChanged`."""

    def __init__(self, config: Config, settings: Settings, bus: Bus) -> None:
        self._config = config
        self._settings = settings
        self._kept: dict[str, Any] = {}
        self.now: SiteConfig = config.site
        bus.subscribe(self._hear)

    @property
    def fixed(self) -> Mapping[str, str]:
        """What the configuration sets, and where it stands (`config.toml:site.title`): it cannot be changed here."""
        return {key: self._config.place(PREFIX + key) for key in self._config.site.model_fields_set}

    async def load(self) -> None:
        """Read what was set. What this version of Blogen does not know or accept is passed over."""
        kept = {key.removeprefix(PREFIX): value for key, value in (await self._settings.all()).items()
                if key.startswith(PREFIX)}  # fmt: skip
        self._keep(kept)

    async def change(self, change: "SiteChange") -> None:
        """Set what `change` names. Raises InvalidInput for what the configuration fixes."""
        if values := self._values(change):
            await self._settings.put(_stored(values), SiteChanged(values))

    def change_in(self, tx: Transaction, change: "SiteChange") -> None:
        """As `change`, with what else belongs to it."""
        if values := self._values(change):
            Settings.put_in(tx, _stored(values), SiteChanged(values))

    def _values(self, change: "SiteChange") -> dict[str, Any]:
        values = change.model_dump(include=change.model_fields_set, mode="json")
        if errors := [FieldError(key, f"is set in {self.fixed[key]}") for key in values if key in self.fixed]:
            sentence = " ".join(f"The {key} {message}." for key, message in errors)
            raise InvalidInput(sentence, remedy="Change it there, or take it out there.", errors=errors)
        return values

    def _hear(self, event: Event) -> None:
        if isinstance(event, SiteChanged):
            self._keep(self._kept | event.values)

    def _keep(self, values: Mapping[str, Any]) -> None:
        configured = self._config.site
        self._kept = {key: value for key, value in values.items() if value is not None}
        set_there = {key: getattr(configured, key) for key in configured.model_fields_set}
        known = {key: value for key, value in self._kept.items() if key not in set_there}
        while known:
            try:
                self.now = SiteConfig.model_validate(known | set_there)
                return
            except ValidationError as error:
                wrong = {str(found["loc"][0]) for found in error.errors() if found["loc"]} & known.keys()
                known = {key: value for key, value in known.items() if wrong and key not in wrong}
        self.now = configured


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {PREFIX + key: value for key, value in values.items()}
