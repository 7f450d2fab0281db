"""For all tests: what property tests may take, since a busy machine is no defect, and what is begun first."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("blogen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("blogen")

LONGEST_FIRST = ("tests/e2e/test_crash_", "tests/api/test_schemathesis", "tests/e2e/")
"""Files of few tests that take minutes: begun last, one worker would end them alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((place for place, one in enumerate(LONGEST_FIRST) if item.nodeid.startswith(one)), 99)

    items.sort(key=place)
