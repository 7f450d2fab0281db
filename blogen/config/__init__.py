"""The configuration: one model a section; `load.py` reads it from a file and the environment."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import Field, PrivateAttr

from blogen.config.auth import AuthConfig
from blogen.config.backup import BackupConfig
from blogen.config.budget import BudgetConfig
from blogen.config.comments import CommentsConfig
from blogen.config.data import DataConfig
from blogen.config.engine import EngineConfig
from blogen.config.mail import MailConfig
from blogen.config.pipeline import PipelineConfig
from blogen.config.research import ResearchConfig
from blogen.config.section import ProviderSection, Section
from blogen.config.server import ServerConfig
from blogen.config.site import SiteConfig
from blogen.config.webhooks import PushConfig, WebhookConfig
from blogen.domain.model import Model

Trade: TypeAlias = Literal["text", "image", "search"]
"""What a provider is for; each has sections of its own: `[text.NAME]` …"""

TRADES: tuple[Trade, ...] = ("text", "image", "search")

BUILT_IN: Mapping[Trade, str | None] = {"text": "offline", "image": "covers", "search": None}
"""What needs no section: the extractive writer and the generated covers."""

Providers: TypeAlias = dict[str, dict[str, Any]]
"""Sections by name, as they were written: only the kind's own `Config` can validate them."""


class Config(Model):
    """Everything that can be configured. `Config()` has every default and works."""

    server: ServerConfig = Field(default_factory=ServerConfig)
    site: SiteConfig = Field(default_factory=SiteConfig)
    data: DataConfig = Field(default_factory=DataConfig)
    engine: EngineConfig = Field(default_factory=EngineConfig)
    pipeline: PipelineConfig = Field(default_factory=PipelineConfig)
    research: ResearchConfig = Field(default_factory=ResearchConfig)
    budget: BudgetConfig = Field(default_factory=BudgetConfig)
    auth: AuthConfig = Field(default_factory=AuthConfig)
    comments: CommentsConfig = Field(default_factory=CommentsConfig)
    mail: MailConfig = Field(default_factory=MailConfig)
    backup: BackupConfig = Field(default_factory=BackupConfig)
    push: PushConfig = Field(default_factory=PushConfig)
    webhooks: list[WebhookConfig] = Field([], repr=False)
    text: Providers = Field({}, repr=False)
    image: Providers = Field({}, repr=False)
    search: Providers = Field({}, repr=False)

    _places: dict[str, str] = PrivateAttr(default_factory=dict)

    def providers(self, trade: Trade) -> Providers:
        sections: Providers = getattr(self, trade)
        return sections

    def order(self, trade: Trade) -> list[str]:
        """Names of the providers to try, first to last: as `[pipeline]` says, else all in the file's order."""
        chosen: list[str] | None = getattr(self.pipeline, trade)
        if chosen is not None:
            return list(chosen)
        names = list(self.providers(trade))
        if trade == "image" and "covers" not in names:
            names.append("covers")
        return names or (["offline"] if trade == "text" else [])

    def place(self, key: str) -> str:
        """Where `key` (`text.main.model`) was written, for messages: `config.toml:text.main.model`, or a variable."""
        return place_in(self._places, key)


def place_in(places: Mapping[str, str], key: str) -> str:
    """`places` maps keys to variables, `text.main.` to the start of its variables, and `` to the file."""
    table, _, last = key.rpartition(".")
    if key in places:
        return places[key]
    return f"{places[table + '.']}{last.upper()}" if f"{table}." in places else places.get("", "") + key


__all__ = [
    "BUILT_IN", "TRADES", "AuthConfig", "BackupConfig", "BudgetConfig", "CommentsConfig", "Config",
    "DataConfig", "EngineConfig",
    "MailConfig", "PipelineConfig", "ProviderSection", "Providers", "PushConfig", "ResearchConfig", "Section",
    "ServerConfig", "SiteConfig", "Trade", "WebhookConfig",
]  # fmt: skip
