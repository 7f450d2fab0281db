"""The configuration as a command gets it: file, environment, and the options of the command line over both."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from blogen.errors import ConfigError, FieldError

if TYPE_CHECKING:
    from blogen.config import Config

_OPTIONS = {"data_dir": "BLOGEN_DATA__DIR", "host": "BLOGEN_SERVER__HOST", "port": "BLOGEN_SERVER__PORT"}


def read_config(arguments: argparse.Namespace, *, with_providers: bool = False) -> "Config":
    """Raises ConfigError with every mistake, each where it was written; also those of the providers' sections."""
    from blogen.config.load import load

    given = {
        variable: str(value)
        for option, variable in _OPTIONS.items()
        if (value := getattr(arguments, option, None)) is not None
    }
    environ = {name: value for name, value in os.environ.items() if name.upper() not in given}
    try:
        return load(config_file(arguments), {**environ, **given}, _check_providers if with_providers else None)
    except ConfigError as error:
        names = {
            variable: f"--{option.replace('_', '-')}" for option, variable in _OPTIONS.items() if variable in given
        }
        errors = [FieldError(names.get(place, place), message) for place, message in error.errors]
        raise ConfigError(error.detail, remedy=error.remedy, errors=errors) from None


def config_file(arguments: argparse.Namespace) -> Path | None:
    """The file to read: the one named, else `config.toml` here if there is one."""
    named = arguments.config or os.environ.get("BLOGEN_CONFIG")
    if named:
        return Path(named)
    here = Path("config.toml")
    return here if here.exists() else None


def _check_providers(config: "Config") -> list[FieldError]:
    if not (config.text or config.image or config.search):
        return []
    from blogen.providers.registry import Registry

    return Registry(config).validate()
