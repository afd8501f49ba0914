"""95 % intervals: exact and Wilson for shares, bootstrap for anything, paired bootstrap for differences.

Takes: counts, or a statistic over row indices. Gives: `Interval`. Does not: know what is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, norm

Statistic = Callable[[np.ndarray], float]
"""A figure computed from the chosen rows: takes indices [m] into the data, with repetitions."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A point estimate with the ends of its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def wilson(hits: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a share (Wilson 1927); [0, 1] around nan for n = 0.

    Raises ValueError unless 0 <= hits <= n.
    """
    _check_counts(hits, n)
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0)
    z = float(norm.ppf(0.5 + confidence / 2))
    share = hits / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def clopper_pearson(hits: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval for a share (Clopper and Pearson 1934); [0, 1] around nan for n = 0.

    Raises ValueError unless 0 <= hits <= n.
    """
    _check_counts(hits, n)
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0)
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, n - hits)) if hits < n else 1.0
    return Interval(hits / n, low, high)


def bootstrap(
    statistic: Statistic, n: int, *, rounds: int = 1000, seed: int = 0, confidence: float = 0.95
) -> Interval:
    """Percentile bootstrap over `n` rows drawn with replacement; rounds that give nan are left out.

    All three are nan for n = 0; both ends are when every round gives nan (say, precision of a class never called).
    """
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(rng.integers(0, n, n)) for _ in range(rounds)])
    value, drawn = float(statistic(np.arange(n))), drawn[~np.isnan(drawn)]
    if drawn.size == 0:
        return Interval(value, float("nan"), float("nan"))
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Interval(value, float(low), float(high))


def paired_bootstrap(
    first: Statistic, second: Statistic, n: int, *, rounds: int = 1000, seed: int = 0
) -> Interval:
    """Interval of `first` minus `second` over the same drawn rows: the pairing takes the cases' difficulty out."""
    return bootstrap(lambda rows: first(rows) - second(rows), n, rounds=rounds, seed=seed)


def _check_counts(hits: int, n: int) -> None:
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits of {n}: no share")
