"""What a simulation is asked for, checked before anything runs.

Takes: numbers from a caller. Gives: `SimulationSettings`. Does not: simulate.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, get_args

from cases.errors import ConfigError
from cases.market import Markets
from cases.verdict import Verdict
from marketplace.market_facts import market_facts

Split = Literal["train", "validation", "calibration", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
NATURAL_SHARES = {Verdict.INDUCED: 0.25, Verdict.NOT_INDUCED: 0.62, Verdict.INCONCLUSIVE: 0.13}
TRAINING_SHARES = {Verdict.INDUCED: 0.45, Verdict.NOT_INDUCED: 0.35, Verdict.INCONCLUSIVE: 0.20}
_MOST_CASES = 5_000_000
# In order of time: an order of a later split is placed after the last cancellation of an earlier one.
_SPANS: dict[str, tuple[date, date]] = {
    "train": (date(2025, 1, 2), date(2025, 8, 24)),
    "validation": (date(2025, 8, 25), date(2025, 9, 22)),
    "calibration": (date(2025, 9, 23), date(2025, 10, 31)),
    "test": (date(2025, 11, 2), date(2025, 12, 24)),
}


def split_named(name: str) -> Split:
    """The split of that name. Raises ConfigError naming those there are."""
    for split in SPLITS:
        if split == name:
            return split
    raise ConfigError(f"split {name!r}: use one of {', '.join(SPLITS)}")


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """`markets` are configured codes; `induced_share` None: about 25 %, the natural rate (train: 45 %)."""

    markets: tuple[str, ...]
    seed: int
    cases_per_market: int
    split: Split = "train"
    induced_share: float | None = None

    def checked(self, markets: Markets) -> "SimulationSettings":
        """Itself. Raises ConfigError or UnknownMarketError naming what cannot be simulated."""
        if not self.markets:
            raise ConfigError("name at least one market to simulate")
        for code in self.markets:
            markets[code]
            market_facts(code)
        if len(set(self.markets)) < len(self.markets):
            raise ConfigError("name each market once")
        if not 1 <= self.cases_per_market <= _MOST_CASES:
            raise ConfigError(f"cases a market: from 1 to {_MOST_CASES}, not {self.cases_per_market}")
        split_named(self.split)
        if self.seed < 0:
            raise ConfigError(f"seed {self.seed}: use a number from 0 up")
        if self.induced_share is not None and not 0.02 <= self.induced_share <= 0.9:
            raise ConfigError(f"induced share {self.induced_share}: from 0.02 to 0.9")
        return self

    @property
    def target_shares(self) -> dict[Verdict, float]:
        """The labels' shares to aim at; training sees more of the rare ones than the world has."""
        shares = TRAINING_SHARES if self.split == "train" else NATURAL_SHARES
        if self.induced_share is None:
            return dict(shares)
        left = (1.0 - self.induced_share) / (1.0 - shares[Verdict.INDUCED])
        return {
            v: self.induced_share if v is Verdict.INDUCED else share * left for v, share in shares.items()
        }

    @property
    def span_s(self) -> tuple[float, float]:
        """From the first order to the last cancellation, as seconds since 1970."""
        first, last = _SPANS[self.split]
        return _midnight(first), _midnight(last)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
