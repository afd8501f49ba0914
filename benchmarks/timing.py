"""Quantiles of measured times, with their intervals.

Takes: arrays of times. Gives: p50 and p99 with 95 % bootstrap intervals, and how to print them.
Does not: time anything.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from eval.figures import figure
from metrics.intervals import Interval

_RESAMPLES: Final = 2_000
_SEED: Final = 7


def quantile(values: Sequence[float], q: float) -> Interval:
    """The q-quantile with its percentile-bootstrap interval; NaN when there are no values."""
    array = np.asarray(values, dtype=np.float64)
    return bootstrapped(lambda index: np.quantile(array[index], q, axis=-1), len(array))


def median_ratio(above: Sequence[float], below: Sequence[float]) -> Interval:
    """Median of `above` over median of `below`, pairs resampled together; both have the same length."""
    upper, lower = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return bootstrapped(
        lambda index: np.median(upper[index], axis=-1) / np.median(lower[index], axis=-1), len(upper)
    )


def quantile_ratio(above: Sequence[float], below: Sequence[float], q: float) -> Interval:
    """The q-quantile of `above` over that of `below`, resampled together; both have the same length."""
    upper, lower = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return bootstrapped(
        lambda index: np.quantile(upper[index], q, axis=-1) / np.quantile(lower[index], q, axis=-1),
        len(upper),
    )


def bootstrapped(statistic: Callable[[np.ndarray], np.ndarray], n: int) -> Interval:
    """`statistic` maps an index array [..., n] to values [...]; the interval is the 2.5 % and 97.5 % percentile."""
    if n == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(_SEED)
    drawn = statistic(rng.integers(0, n, size=(_RESAMPLES, n)))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Interval(float(statistic(np.arange(n))), float(low), float(high))


def p50_p99(values: Sequence[float], unit: str = "ms", digits: int = 1) -> tuple[str, str]:
    """Two printed cells: p50 and p99, each with its interval."""
    return figure(quantile(values, 0.5), unit, digits), figure(quantile(values, 0.99), unit, digits)
