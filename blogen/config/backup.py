"""`[backup]`: the copies of the database that Blogen makes by itself."""

from pydantic import Field

from blogen.config.section import Section


class BackupConfig(Section):
    """The copies of the database that Blogen makes by itself."""

    keep: int = Field(3, ge=0, le=100, description="Copies kept of those made before a migration; 0 makes none")
