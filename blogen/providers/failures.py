"""A service's failures in Blogen's words; each names the section of the configuration that it belongs to."""

from urllib.parse import urlsplit

from blogen.errors import AnswerLost, ProviderBusy, ProviderRefused, ProviderUnavailable


class Failures:
    """What a section's way to its service makes its errors with."""

    name: str
    base_url: str
    meant_address = "the address of its API"
    """What `base_url` should be, in words."""

    def unavailable(
        self, detail: str, remedy: str = "", retry_after_seconds: float | None = None
    ) -> ProviderUnavailable:
        return ProviderUnavailable(detail, remedy=remedy, provider=self.name, retry_after_seconds=retry_after_seconds)

    def busy(
        self,
        detail: str,
        retry_after_seconds: float | None = None,
        remedy: str = "Lower requests_per_minute or concurrency if this is frequent.",
    ) -> ProviderBusy:
        return ProviderBusy(detail, remedy=remedy, provider=self.name, retry_after_seconds=retry_after_seconds)

    def refused(self, detail: str, remedy: str = "") -> ProviderRefused:
        return ProviderRefused(detail, remedy=remedy, provider=self.name)

    def redirected(self, status: int, location: str) -> ProviderRefused:
        target = urlsplit(location)
        return self.refused(
            f"[{self.name}] at {self.base_url} redirects ({status}), and a redirect is not followed.",
            f"Set base_url to where it leads ({target.scheme}://{target.hostname})." if target.hostname else "",
        )

    def lost(self, detail: str, remedy: str = "") -> AnswerLost:
        return AnswerLost(detail, remedy=remedy, provider=self.name)

    def malformed(self, what: str) -> AnswerLost:
        return self.lost(
            f"[{self.name}] sent an answer that {what}.",
            f"If this goes on, check that base_url is {self.meant_address}.",
        )
