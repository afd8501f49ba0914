"""Counts of right and wrong: accuracy, precision and recall of a class, macro-F1, micro-F1 of factor sets.

Takes: true and predicted classes [n], or sets. Gives: floats in [0, 1]; nan where nothing could be counted.
Does not: attach intervals (`metrics.intervals`).
"""

from collections.abc import Collection, Hashable, Sequence

import numpy as np


def accuracy(truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> float:
    """The share that agrees."""
    _same_length(truth, predicted)
    return _ratio(sum(t == p for t, p in zip(truth, predicted, strict=True)), len(truth))


def precision_of(label: Hashable, truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> float:
    """Of those called `label`, the share that are; nan when none was called so."""
    _same_length(truth, predicted)
    hits = sum(t == p == label for t, p in zip(truth, predicted, strict=True))
    return _ratio(hits, sum(p == label for p in predicted))


def recall_of(label: Hashable, truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> float:
    """Of those that are `label`, the share that was called so; nan when none is."""
    return precision_of(label, predicted, truth)


def f1_of(label: Hashable, truth: Sequence[Hashable], predicted: Sequence[Hashable]) -> float:
    """Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN); 0 when the class is nowhere (as scikit-learn)."""
    _same_length(truth, predicted)
    hits = sum(t == p == label for t, p in zip(truth, predicted, strict=True))
    named = sum(t == label for t in truth) + sum(p == label for p in predicted)
    return 2 * hits / named if named else 0.0


def macro_f1(truth: Sequence[Hashable], predicted: Sequence[Hashable], labels: Sequence[Hashable]) -> float:
    """Mean F1 over `labels`, each class weighing the same."""
    return float(np.mean([f1_of(label, truth, predicted) for label in labels]))


def factor_micro_f1(
    truth: Sequence[Collection[Hashable]], predicted: Sequence[Collection[Hashable]]
) -> float:
    """F1 of single factors pooled over all cases; order and repetition inside a case do not count."""
    _same_length(truth, predicted)
    hits = sum(len(set(t) & set(p)) for t, p in zip(truth, predicted, strict=True))
    named = sum(len(set(t)) + len(set(p)) for t, p in zip(truth, predicted, strict=True))
    return _ratio(2 * hits, named)


def _same_length(truth: Sequence[object], predicted: Sequence[object]) -> None:
    if len(truth) != len(predicted):
        raise ValueError(f"{len(truth)} true and {len(predicted)} predicted values: must be as many")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
