"""`blogen serve`: the server."""

import argparse

from blogen.cli.arguments import Commands


def add(commands: Commands) -> None:
    parser = commands.add("serve", "run the blog's server (the default command)")
    parser.add_argument("--host", help="address to listen on (default: as configured, else 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on, 0 for any free one (default: as configured, else 8080)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from blogen.cli.settings import read_config

    config = read_config(arguments, with_providers=True)

    from blogen import certificates

    with certificates.deferred():
        from blogen.server import serve

    return serve(config)
