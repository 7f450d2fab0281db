"""The base of every model that meets the outside: unknown fields are refused, instances do not change."""

import os

# Looking for pydantic's plugins among all installed packages takes as long as importing our own; we use none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    # defer_build: schemas are built on first use, which keeps them out of the start-up time.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, str_max_length=4_000_000)
