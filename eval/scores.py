"""The figures of quality, each with its 95 % interval.

Takes: labels and verdicts (and probabilities) of the same cases. Gives: `Scores`, and `Margin`s over rivals.
Does not: ask a model, or print.

Shares have exact or Wilson intervals; what is no share (macro-F1, calibration error) a bootstrap over cases; a margin
a paired bootstrap, which takes the cases' own difficulty out.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cases.factor import Factor
from cases.verdict import VERDICTS, Verdict
from eval.faithfulness import Faithfulness
from eval.rivals import Rival
from metrics.calibration import ece
from metrics.classification import factor_micro_f1
from metrics.intervals import Interval, Statistic, bootstrap, clopper_pearson, paired_bootstrap, wilson

_CLASSES: Final = len(VERDICTS)
_SEED: Final = 11


@dataclass(frozen=True, slots=True)
class Scores:
    """Of `n` cases. `ece` is of the most probable verdict; None where no probabilities were given."""

    n: int
    accuracy: Interval
    macro_f1: Interval
    precision_induced: Interval
    recall_induced: Interval
    called_induced: int
    ece: Interval | None = None


@dataclass(frozen=True, slots=True)
class Margin:
    """Macro-F1 of a rival, and how far the model's is above it (paired interval)."""

    rival: str
    rival_macro_f1: float
    above: Interval

    @property
    def holds(self) -> bool:
        """Is the whole interval above zero?"""
        return self.above.low > 0.0


def score(
    labels: Sequence[Verdict], verdicts: Sequence[Verdict], probabilities: np.ndarray | None = None
) -> Scores:
    """All figures; `probabilities` [n, 3] in the order of `VERDICTS`."""
    truth, predicted = _indices(labels), _indices(verdicts)
    induced = VERDICTS.index(Verdict.INDUCED)
    hits = int(((truth == induced) & (predicted == induced)).sum())
    called, are = int((predicted == induced).sum()), int((truth == induced).sum())
    return Scores(
        n=len(truth),
        accuracy=wilson(int((truth == predicted).sum()), len(truth)),
        macro_f1=bootstrap(_macro_f1(truth, predicted), len(truth), seed=_SEED),
        precision_induced=clopper_pearson(hits, called),
        recall_induced=clopper_pearson(hits, are),
        called_induced=called,
        ece=None if probabilities is None else _ece(truth, probabilities),
    )


def margin(labels: Sequence[Verdict], mine: Sequence[Verdict], rival: Rival) -> Margin:
    """How far macro-F1 of `mine` is above the rival's, over the same drawn cases."""
    truth = _indices(labels)
    ours, theirs = _macro_f1(truth, _indices(mine)), _macro_f1(truth, _indices(rival.verdicts))
    above = paired_bootstrap(ours, theirs, len(truth), rounds=2_000, seed=_SEED)
    return Margin(rival.name, theirs(np.arange(len(truth))), above)


def share(hits: int, n: int) -> Interval:
    """A share with Wilson's interval."""
    return wilson(hits, n)


def supported_share(found: Faithfulness) -> Interval:
    """The share of supported statements, with a bootstrap over reasonings: statements of one are not independent."""
    counts = np.array([(one.supported, one.stated) for one in found.each], dtype=np.float64).reshape(-1, 2)

    def statistic(rows: np.ndarray) -> float:
        supported, stated = counts[rows].sum(axis=0)
        return float(supported / stated) if stated else float("nan")

    return bootstrap(statistic, len(counts), seed=_SEED)


def factor_f1(truth: Sequence[Collection[Factor]], named: Sequence[Collection[Factor]]) -> Interval:
    """Micro-F1 of decision factors compared as sets, with a bootstrap over cases."""

    def statistic(rows: np.ndarray) -> float:
        return factor_micro_f1([truth[row] for row in rows], [named[row] for row in rows])

    return bootstrap(statistic, len(truth), rounds=300, seed=_SEED)


def _indices(verdicts: Sequence[Verdict]) -> np.ndarray:
    return np.array([VERDICTS.index(verdict) for verdict in verdicts], dtype=np.int64)


def _macro_f1(truth: np.ndarray, predicted: np.ndarray) -> Statistic:
    """Macro-F1 of chosen rows from their confusion matrix: as `metrics.classification.macro_f1`, but fast."""
    joint = truth * _CLASSES + predicted

    def statistic(rows: np.ndarray) -> float:
        confusion = np.bincount(joint[rows], minlength=_CLASSES**2).reshape(_CLASSES, _CLASSES)
        named = confusion.sum(axis=0) + confusion.sum(axis=1)
        return float(np.mean(2.0 * np.diag(confusion) / np.maximum(named, 1)))

    return statistic


def _ece(truth: np.ndarray, probabilities: np.ndarray) -> Interval:
    return bootstrap(lambda rows: ece(probabilities[rows], truth[rows]), len(truth), rounds=500, seed=_SEED)
