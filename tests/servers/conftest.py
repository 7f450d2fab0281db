"""A blog that is at rest, to copy from: the same as for the end-to-end tests."""

from tests.e2e.conftest import new_blogen, seed, together

__all__ = ["new_blogen", "seed", "together"]
