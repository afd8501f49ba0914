"""Area under the ROC curve, within strata, with an interval.

Takes: scores, binary labels, strata, as arrays of one length. Gives: `Auroc`. Does not: choose a threshold.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

_Z: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Auroc:
    """The area, and its 95 % interval."""

    auroc: float
    low: float
    high: float


def stratified_auroc(scores: np.ndarray, labels: np.ndarray, strata: np.ndarray) -> Auroc:
    """The chance that a positive outscores a negative of its own stratum; ties count half.

    Strata are weighed by their number of positive-negative pairs over their size (the weight that keeps the variance
    of the mean small), those with one label only are passed over. The interval is DeLong's (DeLong, DeLong and
    Clarke-Pearson, Biometrics 44, 1988) for each stratum, combined as for independent ones.
    Raises ValueError when no stratum has both labels.
    """
    parts = []
    for stratum in np.unique(strata):
        inside = strata == stratum
        positive, negative = scores[inside & (labels == 1)], scores[inside & (labels == 0)]
        if len(positive) and len(negative):
            parts.append((*_delong(positive, negative), len(positive) * len(negative) / inside.sum()))
    if not parts:
        raise ValueError("no stratum holds both labels")
    areas, variances, weights = (np.array(column) for column in zip(*parts, strict=True))
    shares = weights / weights.sum()
    area = float((shares * areas).sum())
    spread = _Z * float(np.sqrt((shares**2 * variances).sum()))
    return Auroc(area, max(0.0, area - spread), min(1.0, area + spread))


def _delong(positive: np.ndarray, negative: np.ndarray) -> tuple[float, float]:
    """Area and its variance."""
    m, n = len(positive), len(negative)
    every = rankdata(np.concatenate([positive, negative]))
    of_positive = (every[:m] - rankdata(positive)) / n  # how many negatives each positive beats, as a share
    of_negative = 1.0 - (every[m:] - rankdata(negative)) / m
    area = float(of_positive.mean())
    variance = (of_positive.var(ddof=1) / m if m > 1 else 0.25) + (
        of_negative.var(ddof=1) / n if n > 1 else 0.25
    )
    return area, float(variance)
