"""The grammar of the command line."""

import subprocess
import sys

import pytest

from blogen.cli import main
from blogen.cli.arguments import parse


@pytest.mark.parametrize(
    ("argv", "command", "expected"),
    [
        ([], "serve", {"config": None, "port": None}),
        (["--port", "9000"], "serve", {"port": "9000"}),
        (["--config", "x.toml", "--host", "::1"], "serve", {"config": "x.toml", "host": "::1"}),
        (["serve", "--data-dir", "d"], "serve", {"data_dir": "d"}),
        (["--data-dir", "d", "jobs", "list"], "jobs", {"data_dir": "d", "verb": "list"}),
        (["jobs", "--data-dir", "d", "list"], "jobs", {"data_dir": "d"}),
        (["jobs", "list", "--data-dir", "d", "--state", "failed"], "jobs", {"data_dir": "d", "state": "failed"}),
        (["--config", "jobs", "generate", "Tea"], "generate", {"config": "jobs", "topic": "Tea"}),
        (["generate", "Tea", "--source", "a", "--source", "b"], "generate", {"sources": ["a", "b"], "review": None}),
        (["generate", "--review", "--", "--tea--"], "generate", {"topic": "--tea--", "review": True}),
        (["jobs", "retry", "j", "--from", "edit", "--fresh"], "jobs", {"from_": "edit", "fresh": True, "id": "j"}),
        (["--debug"], "serve", {"debug": True}),
    ],
)
def test_arguments_are_understood(argv, command, expected):
    understood = vars(parse(argv))
    assert understood["command"] == command
    assert {name: understood[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["jbos", "list"], "'jbos' is unknown. Did you mean `jobs`?"),
        (["jobs", "lst"], "'lst' is unknown. Did you mean `list`?"),
        (["jobs"], "required: COMMAND"),
        (["generate"], "required: TOPIC"),
        (["generate", "Tea", "--words", "many"], "invalid int value: 'many'"),
        (["generate", "Tea", "pot"], "unrecognized arguments: pot"),
        (["--prot", "9000"], "unrecognized arguments: --prot 9000"),
        (["serve", "--por", "1"], "unrecognized arguments: --por 1"),
        (["tokens", "create"], "required: --scope"),
        (["tokens", "create", "--scope", "root"], "Known are: admin, author, reader."),
        (["jobs", "list", "--limit", "0"], "expected a number from 1"),
        (["posts", "list", "--limit", "²"], "expected a number from 1"),
        (["users", "create", "a", "--admin", "--author"], "not allowed with"),
    ],
)
def test_bad_usage_is_one_message_with_a_remedy_and_code_2(argv, words, capsys):
    assert main(argv) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == ""
    assert first.startswith("blogen: ")
    assert words in first
    assert second.strip().startswith("`blogen")


@pytest.mark.parametrize("argv", [["--help"], ["generate", "--help"], ["jobs", "retry", "-h"], ["--version"]])
def test_help_and_version_go_to_stdout(argv, capsys):
    assert main(argv) == 0
    assert capsys.readouterr().out


def test_understanding_a_command_imports_nothing_heavy():
    heavy = {"pydantic", "aiohttp", "openai", "jinja2", "PIL", "lxml", "blogen.domain.job"}
    code = (
        "import sys; from blogen.cli.arguments import parse; parse(['jobs', 'list']);"
        f"print([name for name in {sorted(heavy)!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
