"""What may be asked of a job that exists. Form, JSON and command line validate with these classes."""

from pydantic import Field

from blogen.domain.model import Model


class RetryRequest(Model):
    """Take a failed job up again: where it failed, or from an earlier step on."""

    from_: str | None = Field(
        None, alias="from", min_length=1, max_length=120, description="Name of the step from which all is done again"
    )
    fresh: bool = Field(False, description="Make paid calls anew even where the same call was answered before")


class Decision(Model):
    """A person's yes or no to a job that waits for review."""

    note: str = Field("", max_length=2000, description="Why; kept in the job's timeline")
