"""The site as it is now: what the configuration sets, over what the owner has set in the studio, over the defaults.

What the studio cannot set (`author`, `language` …) is configuration alone. The logo is the studio's alone.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from blogen.config import Config, SiteConfig
from blogen.domain.theme import COLOURS, Logo, mistakes_in
from blogen.errors import ChangedMeanwhile, FieldError, InvalidInput
from blogen.events import Bus, Event, SiteChanged
from blogen.store import media
from blogen.store.database import Transaction
from blogen.store.settings import LOGO, Settings

if TYPE_CHECKING:
    from blogen.domain.site import SiteChange

PREFIX: Final = "site."
"""Of the names of its settings."""


class Site:
    """`now` and `logo` are what pages show. They have changed already when anybody hears `SiteChanged`."""

    def __init__(self, config: Config, settings: Settings, bus: Bus) -> None:
        self._config = config
        self._settings = settings
        self._kept: dict[str, Any] = {}
        self.now: SiteConfig = config.site
        self.logo: Logo | None = None
        bus.subscribe(self._hear, SiteChanged)

    @property
    def fixed(self) -> Mapping[str, str]:
        """What the configuration sets, and where it stands (`config.toml:site.title`): it cannot be changed here."""
        return {key: self._config.place(PREFIX + key) for key in self._config.site.model_fields_set}

    async def load(self) -> None:
        """Read what was set. What this version of Blogen does not know or accept is passed over."""
        kept = {key.removeprefix(PREFIX): value for key, value in (await self._settings.all()).items()
                if key.startswith(PREFIX)}  # fmt: skip
        if kept:
            self._keep(kept)

    async def change(self, change: "SiteChange") -> None:
        """Set what `change` names.

        Raises InvalidInput for what the configuration fixes and for text that could not be read, ChangedMeanwhile if
        the logo's medium is gone.
        """
        if values := self._values(change):
            await self._settings.write(lambda tx: self._change_in(tx, values))

    def change_in(self, tx: Transaction, change: "SiteChange") -> None:
        """As `change`, with what else belongs to it."""
        if values := self._values(change):
            self._change_in(tx, values)

    def _change_in(self, tx: Transaction, values: Mapping[str, Any]) -> None:
        before = Settings.get_in(tx, LOGO)
        Settings.put_in(tx, {PREFIX + key: value for key, value in values.items()}, SiteChanged(dict(values)))
        if "logo" in values:
            if values["logo"] is not None and not media.is_known(tx, values["logo"][0]):
                raise ChangedMeanwhile("The picture was deleted meanwhile.", remedy="Send it again.")
            if before is not None and before != Settings.get_in(tx, LOGO):
                media.drop(tx, before[0])

    def _values(self, change: "SiteChange") -> dict[str, Any]:
        values = change.model_dump(include=change.model_fields_set, mode="json")
        if errors := [FieldError(key, f"is set in {self.fixed[key]}") for key in values if key in self.fixed]:
            sentence = " ".join(f"The {key} {message}." for key, message in errors)
            raise InvalidInput(sentence, remedy="Change it there, or take it out there.", errors=errors)
        if COLOURS & values.keys() and (wrong := mistakes_in(self._colours(values))):
            errors = [FieldError(key, words) for key, words in wrong.items()]
            raise InvalidInput(" ".join(f"{words}." for words in wrong.values()), errors=errors)
        return values

    def _colours(self, values: Mapping[str, Any]) -> dict[str, str | None]:
        return {key: values[key] if key in values else getattr(self.now, key) for key in COLOURS}

    def _hear(self, event: Event) -> None:
        if isinstance(event, SiteChanged):
            self._keep(self._kept | event.values)

    def _keep(self, values: Mapping[str, Any]) -> None:
        configured = self._config.site
        self._kept = {key: value for key, value in values.items() if value is not None}
        self.logo = _logo(self._kept.get("logo"))
        set_there = {key: getattr(configured, key) for key in configured.model_fields_set}
        known = {key: value for key, value in self._kept.items() if key != "logo"}
        while known:
            try:
                self.now = SiteConfig.model_validate(known | set_there)
                return
            except ValidationError as error:
                wrong = {str(found["loc"][0]) for found in error.errors() if found["loc"]} & known.keys()
                wrong = wrong or set(COLOURS & known.keys()) or set(known)
                known = {key: value for key, value in known.items() if key not in wrong}
        self.now = configured


def _logo(kept: Any) -> Logo | None:
    match kept:
        case [str() as name, int() as width, int() as height]:
            return Logo(name, width, height)
    return None
