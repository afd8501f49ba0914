"""Which candidates a split keeps: labels in the wanted shares, and the same hours of the day for every label.

Takes: each candidate's label and the moment of its cancellation. Gives: the chance to keep it. Does not: see the rest.

Shops ask within their opening hours, so in the process itself the clock tells something about the label; in a sample
whose labels all have the same hours it tells nothing.
"""

from collections import Counter
from collections.abc import Mapping

from cases.verdict import Verdict
from marketplace.rhythm import LocalClock

_BLOCK_HOURS = 2.0
_HOURS = (0.022, 0.002, 0.003, 0.048, 0.135, 0.166, 0.144, 0.122, 0.105, 0.095, 0.092, 0.066)
"""Share of the kept cases by local hour of the cancellation, in blocks of two from midnight."""
_PRIOR_CASES = 60.0
"""A label's hours are taken to be these until more of its cases than that have been seen."""
_MOST = 1.6
"""How much likelier a scarce hour makes a candidate to be kept, at most."""


class Thinning:
    """Learns from every candidate how often labels and hours come, and keeps what is scarce."""

    def __init__(self, shares: Mapping[Verdict, float], clock: LocalClock) -> None:
        self._shares, self._clock = shares, clock
        self._labels: Counter[Verdict] = Counter()
        self._hours: Counter[tuple[Verdict, int]] = Counter()

    def kept_share(self, verdict: Verdict, cancelled_s: float) -> float:
        """The chance in [0, 1] to keep this candidate, which is counted."""
        block = int(self._clock.hour(cancelled_s) / _BLOCK_HOURS)
        self._labels[verdict] += 1
        self._hours[verdict, block] += 1
        weights = {label: share / max(self._labels[label], 1) for label, share in self._shares.items()}
        return weights[verdict] / max(weights.values()) * self._wanted(verdict, block) / _MOST

    def _wanted(self, verdict: Verdict, block: int) -> float:
        """How scarce the hour is among candidates of this label: wanted over usual share, at most `_MOST`."""
        usual = (self._hours[verdict, block] + _PRIOR_CASES * _HOURS[block]) / (
            self._labels[verdict] + _PRIOR_CASES
        )
        return min(_MOST, _HOURS[block] / usual)
