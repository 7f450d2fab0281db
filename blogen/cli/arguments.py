"""The grammar of the command line. Light to import: a command's work is imported when it runs."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import NoReturn

from blogen import __version__
from blogen.cli.exits import UNUSABLE

COMMANDS = (
    "serve", "generate", "jobs", "costs", "posts", "moderation", "webhooks", "tokens", "users", "doctor", "openapi",
)  # fmt: skip
"""Each in the module of its name."""

DEFAULT_COMMAND = "serve"
_MAX_COUNT = 1_000_000
_TAKE_A_VALUE = {"--config", "--data-dir", "--host", "--port"}


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Understood arguments; `run` in them is the command's function. Exits with 2 and a message on bad usage."""
    words, command = _with_command(list(argv))
    return _parser(COMMANDS if command is None else [command]).parse_args(words)


class Parser(argparse.ArgumentParser):
    """Complains as the rest of the program does: the message, then where to look."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"blogen: {message}\n  `{self.prog} --help` shows what is possible.\n")
        sys.exit(UNUSABLE)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        # argparse's own way to ask; overridden for "did you mean" in place of a list.
        if action.choices is not None and value not in action.choices:
            from blogen.config.section import suggestion

            raise argparse.ArgumentError(action, f"{value!r} is unknown. {suggestion(str(value), action.choices)}")


def count(text: str) -> int:
    """A positive number of things."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= _MAX_COUNT:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {_MAX_COUNT:,}, found {text!r}")
    return int(text)


def _parser(names: Iterable[str]) -> Parser:
    """For the commands in `names`: the grammar of others takes time to build."""
    parser = Parser(
        prog="blogen", parents=[_common()], allow_abbrev=False, description="A blog that writes itself.",
        epilog="Without a command, `serve` runs. `blogen COMMAND --help` tells more.",
    )  # fmt: skip
    parser.set_defaults(config=None, data_dir=None, debug=False)
    parser.add_argument("--version", action="version", version=f"blogen {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name in names:
        import_module(f"blogen.cli.{name}").add(Commands(commands, _common()))
    return parser


def _common() -> Parser:
    """The options that may stand before and behind each command; behind it they leave no default, so before counts."""
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--config", metavar="FILE", help="the configuration file (default: ./config.toml if there)")
    common.add_argument("--data-dir", metavar="DIR", help="the data folder (default: as configured, else ./data)")
    common.add_argument("--debug", action="store_true", help="show where an unexpected error comes from")
    return common


class Commands:
    """Where a group puts its commands; each gets the options that all have."""

    def __init__(self, commands: "argparse._SubParsersAction[Parser]", common: Parser) -> None:
        self._commands = commands
        self._common = common

    def add(self, name: str, summary: str, *, epilog: str | None = None) -> Parser:
        return self._commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=epilog,
            parents=[self._common], allow_abbrev=False,
        )  # fmt: skip

    def group(self, name: str, summary: str) -> "Commands":
        """A command with commands of its own: `jobs list`."""
        parser = self.add(name, summary)
        return Commands(
            parser.add_subparsers(title="commands", dest="verb", metavar="COMMAND", required=True), self._common
        )


def _with_command(argv: list[str]) -> tuple[list[str], str | None]:
    """`argv` with the default command put in where none is named, and its command; None: help is asked, or no such."""
    before = ""
    words = iter(argv)
    for word in words:
        if word in {"-h", "--help", "--version"}:
            return argv, None
        if word in COMMANDS:
            return argv, word
        if word in _TAKE_A_VALUE:
            next(words, None)
        elif not word.startswith("-") and not before.startswith("-"):
            return argv, None  # a mistyped command
        before = "" if word in _TAKE_A_VALUE else word
    return [DEFAULT_COMMAND, *argv], DEFAULT_COMMAND
