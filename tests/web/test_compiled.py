"""Compiled templates in the data folder: used where they can be trusted, and never missed."""

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from blogen.web.compiled import Compiled


def environment(folder: Path, text: str = "Hello {{ name }}!") -> Environment:
    return Environment(loader=DictLoader({"page.html": text}), autoescape=True, bytecode_cache=Compiled(folder))


def rendered(folder: Path, text: str = "Hello {{ name }}!") -> str:
    return environment(folder, text).get_template("page.html").render(name="you")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the compiled page in it."""
    assert rendered(tmp_path / "cache") == "Hello you!"
    return tmp_path / "cache"


def test_the_next_start_compiles_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(*_: object) -> None:
        raise AssertionError("was compiled again")

    monkeypatch.setattr(Environment, "_compile", compiled)
    assert rendered(folder) == "Hello you!"


def test_a_changed_template_is_compiled_anew(folder: Path) -> None:
    assert rendered(folder, "Goodbye {{ name }}!") == "Goodbye you!"
    assert rendered(folder, "Goodbye {{ name }}!") == "Goodbye you!"


def test_another_version_of_blogen_compiles_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [file] = folder.iterdir()
    before = file.read_bytes()
    monkeypatch.setattr("blogen.web.compiled.__version__", "99.0")
    assert rendered(folder) == "Hello you!"
    assert file.read_bytes() != before


def test_a_damaged_file_is_not_read_as_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [file] = folder.iterdir()
    whole = file.read_bytes()
    half = len(whole) // 2
    for damaged in (b"", whole[:10], whole[:half], whole[:-1], whole[:half] + b"\0" + whole[half + 1 :], bytes(1000)):
        file.write_bytes(damaged)
        with monkeypatch.context() as patched:
            patched.setattr("jinja2.bccache.Bucket.load_bytecode", lambda *_: pytest.fail("was read as code"))
            assert rendered(folder) == "Hello you!"
        assert file.read_bytes() == whole


def test_a_folder_that_others_can_write_is_left_alone(folder: Path) -> None:
    [file] = folder.iterdir()
    file.write_bytes(b"whatever someone else put here")
    folder.chmod(0o777)
    assert rendered(folder) == "Hello you!"
    assert file.read_bytes() == b"whatever someone else put here"


def test_the_folder_is_this_users_alone(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700


def test_without_a_data_folder_pages_are_compiled_in_memory(tmp_path: Path) -> None:
    assert rendered(tmp_path / "not" / "there") == "Hello you!"
    assert list(tmp_path.iterdir()) == []
