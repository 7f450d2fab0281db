"""Prompts are Jinja templates in `templates/prompts/`. A file of the same name in the data folder's `prompts/` replaces
one of them; in `prompts/authors/HANDLE/` it does so for one author only. A replacement can build on ours with
`{% include "blogen/NAME" %}` or `{% extends "blogen/NAME" %}`.
"""

from collections.abc import Iterable
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

from blogen.errors import ConfigError

if TYPE_CHECKING:
    from jinja2 import BytecodeCache
    from jinja2.sandbox import SandboxedEnvironment


class Prompts:
    """Renders prompts; `folder` (the data folder's `prompts/`) is looked into first."""

    def __init__(self, folder: Path | None = None, *, author: str | None = None) -> None:
        self._folder = folder
        own = [folder] if folder else []
        self._folders = [folder / "authors" / author, *own] if folder and author else own

    def for_author(self, handle: str) -> "Prompts":
        """These prompts with what one author replaces."""
        return Prompts(self._folder, author=handle)

    def render(self, name: str, **values: object) -> str:
        """The prompt `name` (`outline`, `section` …) with its values filled in."""
        from jinja2 import TemplateError, TemplateSyntaxError

        try:
            return self._environment.get_template(f"{name}.md.j2").render(**values).strip()
        except TemplateSyntaxError as error:
            place = f"{error.filename or error.name}, line {error.lineno}"
            raise ConfigError(
                f"The prompt {place} is not a valid template: {error.message}.", remedy=_REMEDY
            ) from error
        except TemplateError as error:
            raise ConfigError(
                f"The prompt {name}.md.j2 cannot be rendered: {error.message}.", remedy=_REMEDY
            ) from error

    @cached_property
    def _environment(self) -> "SandboxedEnvironment":
        from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        ours = FileSystemLoader(prompts_folder())
        return SandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(self._folders), ours, PrefixLoader({"blogen": ours})]),
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_compiled(),
        )


@cache
def _compiled() -> "BytecodeCache":
    """Of each file what it was compiled to, while its words are the same: a job has an environment for each stage."""
    from jinja2 import BytecodeCache
    from jinja2.bccache import Bucket

    known: dict[str, tuple[str, CodeType | None]] = {}

    class Compiled(BytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None:
            checksum, code = known.get(bucket.key, ("", None))
            bucket.code = code if checksum == bucket.checksum else None

        def dump_bytecode(self, bucket: Bucket) -> None:
            known[bucket.key] = bucket.checksum, bucket.code

    return Compiled()


_REMEDY = "Mend the file in the data folder's `prompts/`, or remove it to use Blogen's own."


def prompts_folder() -> Path:
    """Where Blogen's own prompts are: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_site" / "templates" / "prompts"
    return installed if installed.is_dir() else package.parent / "templates" / "prompts"


def fenced(name: str, parts: Iterable[str]) -> str:
    """Text of strangers between two lines that it cannot imitate: their code is a digest of the text itself.

    The same text gives the same lines, so that a resumed job asks what it asked before.
    """
    text = "\n\n".join(parts)
    code = sha256(text.encode()).hexdigest()[:32]
    while code in text:
        code = sha256(code.encode()).hexdigest()[:32]
    return f"<<<{name} {code}>>>\n{text}\n<<<END OF {name} {code}>>>"
