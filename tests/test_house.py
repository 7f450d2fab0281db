"""The rules of the house that no import contract can hold: who writes SQL, who logs, who prints, who builds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

BLOGEN = Path(__file__).resolve().parent.parent / "blogen"
SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|PRAGMA)\s", re.S
)


def modules(*except_for: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module and its tree, save those at or below the paths given."""
    for path in sorted(BLOGEN.rglob("*.py")):
        name = path.relative_to(BLOGEN).as_posix()
        if not name.startswith(except_for or ("-",)):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def test_only_the_store_writes_sql() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules("store/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]
    assert found == []


def test_only_logs_words_what_is_logged() -> None:
    found = [name for name, tree in modules("logs.py", "events.py") if "logging" in imported(tree)]
    assert found == []


def test_only_commands_print() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules("cli/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    found = [name for name, tree in modules() if tree.body and ast.get_docstring(tree) is None]
    assert found == []


def imported(tree: ast.Module) -> set[str]:
    """The top-level names of what a module imports, wherever it does."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names
