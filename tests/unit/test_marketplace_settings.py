"""What cannot be simulated is refused before anything runs, with its name.

Takes: settings. Gives: failures that name the setting.
"""

from itertools import pairwise

import pytest

from cases.errors import ConfigError, UnknownMarketError
from cases.market import Markets
from cases.verdict import Verdict
from marketplace.market_facts import market_facts
from marketplace.settings import SimulationSettings, split_named


def test_an_unknown_market_is_refused(markets: Markets) -> None:
    """Not configured, or configured and not yet simulated."""
    with pytest.raises(UnknownMarketError, match="/market"):
        SimulationSettings(("XX",), 1, 10).checked(markets)
    with pytest.raises(ConfigError, match="KR cannot be simulated"):
        market_facts("KR")


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (SimulationSettings((), 1, 10), "at least one market"),
        (SimulationSettings(("SG", "SG"), 1, 10), "each market once"),
        (SimulationSettings(("SG",), 1, 0), "cases a market"),
        (SimulationSettings(("SG",), -1, 10), "seed"),
        (SimulationSettings(("SG",), 1, 10, induced_share=1.5), "induced share"),
    ],
)
def test_impossible_numbers_are_refused(settings: SimulationSettings, fault: str, markets: Markets) -> None:
    """Each with the range that is possible."""
    with pytest.raises(ConfigError, match=fault):
        settings.checked(markets)


def test_an_unknown_split_is_refused() -> None:
    """The message names those there are."""
    with pytest.raises(ConfigError, match="train, validation, calibration, test"):
        split_named("dev")


def test_shares_add_up_and_follow_the_wish() -> None:
    """Training sees more induced cases than the natural quarter; a wish is met and the rest keeps its proportions."""
    assert SimulationSettings(("SG",), 1, 10).target_shares[Verdict.INDUCED] == pytest.approx(0.45)
    assert SimulationSettings(("SG",), 1, 10, "test").target_shares[Verdict.INDUCED] == pytest.approx(0.25)
    wished = SimulationSettings(("SG",), 1, 10, "test", 0.5).target_shares
    assert wished[Verdict.INDUCED] == pytest.approx(0.5)
    assert sum(wished.values()) == pytest.approx(1.0)


def test_splits_follow_each_other_in_time() -> None:
    """No order of a later split is placed before the last cancellation of an earlier one."""
    spans = [
        SimulationSettings(("SG",), 1, 10, split_named(s)).span_s
        for s in ("train", "validation", "calibration", "test")
    ]
    assert all(before[1] < after[0] for before, after in pairwise(spans))
