"""The base of every model that meets the outside: unknown fields are refused, instances do not change."""

import sys
from types import ModuleType

from pydantic import BaseModel, ConfigDict

# Looking for pydantic's plugins among all installed packages takes as long as importing our own, and what looks for
# them half of that even where they are disabled; we use none.
_NO_PLUGINS = ModuleType("pydantic.plugin._loader")
_NO_PLUGINS.__dict__["get_plugins"] = tuple
sys.modules.setdefault(_NO_PLUGINS.__name__, _NO_PLUGINS)


class Model(BaseModel):
    # defer_build: schemas are built on first use, which keeps them out of the start-up time.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, str_max_length=4_000_000)
