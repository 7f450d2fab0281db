"""`[data]`: the one folder that holds everything Blogen must keep."""

from pathlib import Path

from pydantic import Field

from blogen.config.section import Section


class DataConfig(Section):
    """The one folder that holds everything Blogen must keep."""

    dir: Path = Field(Path("data"), description="The data folder; relative paths start at the working directory")
