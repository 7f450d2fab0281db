"""What the documents say is so: links lead somewhere, commands exist, snippets load, the container gets its files."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from blogen.cli.arguments import parse
from blogen.config.load import load
from blogen.providers.registry import Registry

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
GUIDES = [path for path in DOCUMENTS if path.name not in {"CHANGELOG.md", "NOTES.md"}]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    local = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", GUIDES, ids=named)
def test_every_make_target_exists(document: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    used = {words.split()[1] for words in code(document) if re.match(r"make [a-z-]+", words)}
    assert used <= known


@pytest.mark.parametrize("document", GUIDES, ids=named)
def test_every_command_exists(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(document):
        with pytest.raises(SystemExit) as asked_for_help:
            parse([*words, "--help"])
        assert asked_for_help.value.code == 0, f"{words}: {capsys.readouterr().err}"


@pytest.mark.parametrize("document", GUIDES, ids=named)
def test_every_option_exists(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in code(document):
        if "run.py" not in line:
            continue
        words, options = split(line)
        with pytest.raises(SystemExit):
            parse([*words, "--help"])
        told = capsys.readouterr().out
        assert [option for option in options if option not in told] == [], line


@pytest.mark.parametrize("document", GUIDES, ids=named)
def test_every_configuration_loads(document: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sk-something")
    for number, snippet in enumerate(re.findall(r"```toml\n(.*?)```", document.read_text(encoding="utf-8"), re.S)):
        file = tmp_path / f"{number}.toml"
        file.write_text(re.sub(r'(\w+_file) = "[^"]+"', rf'\1 = "{secret}"', snippet))
        assert Registry(load(file, {})).validate() == []


def test_the_image_gets_every_file_that_it_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    sources = [source for line in copied for source in line.split()]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {one for one in sources if not any(one.startswith(f"{other}/") for other in sources)} == let_in
    assert [source for source in sources if not (ROOT / source).exists()] == []


_ONLY_A_WHEEL = {"fontpkg-source-serif-4"}


def test_the_image_makes_those_packages_itself_that_have_no_wheel() -> None:
    """A package with one file has no wheel, or nothing but one; look at which it is, and name it here or there."""
    made = set(re.findall(r"--no-binary=(\S+)", (ROOT / "Dockerfile").read_text()))
    assert made
    for lock in ("requirements.lock", "requirements-anthropic.lock"):
        pinned = re.findall(r"^([a-z0-9._-]+)==.*\\\n((?: +--hash=.*\n)+)", (ROOT / lock).read_text(), re.M)
        assert len(pinned) > 50
        assert {name for name, hashes in pinned if hashes.count("--hash") == 1} == made | _ONLY_A_WHEEL


def test_the_secrets_are_those_of_the_user_in_the_container() -> None:
    user = re.search(r"^USER (\d+):", (ROOT / "Dockerfile").read_text(), re.M)
    assert user
    assert f"install -d -m 700 -o {user[1]} secrets" in (ROOT / "docs/DEPLOY.md").read_text()


def test_the_lock_for_development_contains_the_one_for_running() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9._-]+==[^ ;\\]+", (ROOT / name).read_text(), re.M))

    assert pins("requirements.lock")
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def code(document: Path) -> Iterator[str]:
    """The lines of shell blocks and the pieces of inline code, comments apart."""
    text = document.read_text(encoding="utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        for line in block.replace("\\\n", " ").splitlines():
            yield re.sub(r"(^|\s)#.*", "", line).strip()
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def commands(document: Path) -> list[list[str]]:
    return [split(line)[0] for line in code(document) if re.search(r"\brun\.py \w", line)]


def split(line: str) -> tuple[list[str], list[str]]:
    """The command's own words (`tokens create`) and the options of a line with `run.py`."""
    words = shlex.split(line.partition("run.py")[2].rstrip(") "))
    own = words[: next((place for place, word in enumerate(words) if not re.fullmatch(r"[a-z][a-z-]*", word)), None)]
    grouped = own[:1] if own[:1] and own[0] not in {"jobs", "posts", "tokens", "users", "schedules"} else own[:2]
    return grouped, [word for word in words if word.startswith("--")]
