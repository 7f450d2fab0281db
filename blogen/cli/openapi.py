"""`blogen openapi`: the description of the API."""

import argparse

from blogen.cli.arguments import Commands
from blogen.cli.exits import DONE


def add(commands: Commands) -> None:
    commands.add("openapi", "print the OpenAPI document of the JSON API").set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    from blogen.api.openapi import document
    from blogen.cli.plain import print_json

    print_json(document())
    return DONE
