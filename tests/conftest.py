"""What every test shares: where the tree is, the markets, and how Hypothesis searches.

Takes: nothing. Gives: the `root` and `markets` fixtures. Does not start anything.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cases.market import Markets, load_markets

# A busy machine is slow at times; no test asserts on time, so neither does the search for counterexamples.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root folder."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def markets(root: Path) -> Markets:
    """The markets that the repository configures."""
    return load_markets(root / "config" / "markets")
