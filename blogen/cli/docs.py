"""`python -m blogen.cli.docs` renews the tables of docs/CONFIGURATION.md."""

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blogen.config.docs import Kinds

PAGE = Path(__file__).parents[2] / "docs" / "CONFIGURATION.md"


def kinds() -> "Kinds":
    """The models of the kinds that come with Blogen."""
    from blogen.config import TRADES

    found = {}
    for trade in TRADES:
        package = importlib.import_module(f"blogen.providers.{trade}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            kind = module.name.rpartition(".")[2]
            found[f"{trade}.{kind}"] = importlib.import_module(module.name).Config
    return found


def main() -> int:
    from blogen.config.docs import renewed

    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), kinds()), encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
