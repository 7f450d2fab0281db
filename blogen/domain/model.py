"""The base of every model that meets the outside: unknown fields are refused, instances do not change."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    # defer_build: schemas are built on first use, which keeps them out of the start-up time.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, str_max_length=4_000_000)
