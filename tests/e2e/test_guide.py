"""The walk of docs/API.md, typed into a shell as it stands: from a token to a conversation."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT

GUIDE = (ROOT / "docs" / "API.md").read_text(encoding="utf-8")
PATIENCE_SECONDS = 120

SHELL = r"""
set -euo pipefail
python() { shift; "$PYTHON" "$ROOT/run.py" "$@"; }   # `python run.py …`, wherever we are
# A problem ends the walk: whoever types sees it, too.
curl() { command curl --fail-with-body --max-time 60 "$@"; }
"""


def blocks(section: str) -> list[str]:
    """The shell of a section, and what stands before the first one."""
    opening, *sections = re.split(r"^## ", GUIDE, flags=re.M)
    [text] = [one for one in sections if one.startswith(section)]
    return re.findall(r"```sh\n(.*?)```", opening + text, re.S)


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "jq"))), reason="needs bash, curl and jq")
async def test_the_walk_of_the_guide_works_as_it_is_typed(new_blogen) -> None:
    async with new_blogen(config='[auth]\nsign_up = "open"\n') as blogen:
        script = "\n".join(blocks("A walk")).replace("http://127.0.0.1:8080", blogen.url)
        assert blogen.url in script
        ended = await shell(script + '\nprintf "%s\\n" "$SLUG" "$COMMENT" "$ETAG"\n', blogen.folder)
        said = ended.splitlines()
        assert "304" in said
        assert '"Group commit, explained"' in said
        assert any("<em>same</em>" in line for line in said)
        slug, comment, etag = said[-3:]
        post = await blogen.ask("GET", f"/api/v1/posts/{slug}")
        assert (post["title"], post["counts"]) == ("Group commit, explained", {"likes": 1, "comments": 1})
        assert len(comment) == 36
        assert etag.startswith('"')
        assert re.search(r'event: moved\ndata: .*"target":"published"', ended)


async def shell(script: str, folder: Path) -> str:
    """What bash says of `script`; it must end well."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", SHELL + script, cwd=folder, env=os.environ | {"PYTHON": sys.executable, "ROOT": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate()
    assert process.returncode == 0, f"{out.decode()}\n{err.decode()}"
    return out.decode()
