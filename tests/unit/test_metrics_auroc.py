"""AUROC within strata agrees with its definition, and its interval with what repeated draws show.

Takes: small arrays. Gives: failures with the two numbers that should agree.
"""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from metrics.auroc import stratified_auroc


def test_one_stratum_is_the_plain_area() -> None:
    """With ties, as scikit-learn has it."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 300)
    scores = np.round(labels * 0.5 + rng.normal(size=300), 1)
    found = stratified_auroc(scores, labels, np.zeros(300, dtype=int))
    assert found.auroc == pytest.approx(roc_auc_score(labels, scores))
    assert found.low < found.auroc < found.high


def test_what_tells_strata_apart_does_not_count() -> None:
    """A score that only says which stratum a row is in has an area of one half, however the labels are spread."""
    rng = np.random.default_rng(2)
    strata = rng.integers(0, 2, 4_000)
    labels = (rng.random(4_000) < np.where(strata == 1, 0.9, 0.1)).astype(int)
    assert roc_auc_score(labels, strata) > 0.85
    assert stratified_auroc(strata.astype(float), labels, strata).auroc == 0.5


def test_the_interval_covers() -> None:
    """Of 300 draws without any signal about 95 % of the intervals hold one half."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        labels, strata = rng.integers(0, 2, 400), rng.integers(0, 4, 400)
        found = stratified_auroc(rng.random(400), labels, strata)
        held += found.low <= 0.5 <= found.high
    assert 0.91 <= held / 300 <= 0.985


def test_strata_with_one_label_are_passed_over() -> None:
    """They say nothing of order; when all are so there is no area."""
    found = stratified_auroc(np.array([1.0, 2.0, 0.0]), np.array([0, 1, 1]), np.array([0, 0, 1]))
    assert found.auroc == 1.0
    with pytest.raises(ValueError, match="both labels"):
        stratified_auroc(np.array([1.0]), np.array([1]), np.array([0]))
