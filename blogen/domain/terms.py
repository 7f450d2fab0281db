"""Types that the configuration and a front page share with jobs, apart from their models, which take time to build."""

from typing import Annotated, Literal

from pydantic import StringConstraints

Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Handle = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,38}$")]

InDoubtPolicy = Literal["retry", "ask", "skip"]
"""What happens to a paid call that was in flight when the process died."""
