"""Identities that hold for all classifications and probabilities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.calibration import brier, ece, reliability
from metrics.calibration_apply import calibrated
from metrics.classification import accuracy, f1_of, factor_micro_f1, macro_f1, precision_of, recall_of
from metrics.intervals import clopper_pearson, wilson

LABELS = ("a", "b", "c")
PAIRS = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=30)
SCORES = st.lists(st.floats(-50, 50), min_size=3, max_size=3).map(np.array)
SHARES = (
    st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))).filter(lambda x: x[1] > 0)
)


@given(pairs=PAIRS)
def test_f1_is_the_harmonic_mean(pairs: list[tuple[str, str]]) -> None:
    """F1 is 2PR / (P + R) where both exist, and macro-F1 is the mean over the classes."""
    truth, predicted = [t for t, _ in pairs], [p for _, p in pairs]
    for label in LABELS:
        precision, recall = precision_of(label, truth, predicted), recall_of(label, truth, predicted)
        if precision + recall > 0:  # false for nan too
            assert f1_of(label, truth, predicted) == pytest.approx(
                2 * precision * recall / (precision + recall)
            )
    assert macro_f1(truth, predicted, LABELS) == pytest.approx(
        sum(f1_of(label, truth, predicted) for label in LABELS) / 3
    )


@given(pairs=PAIRS)
def test_one_factor_each_makes_f1_accuracy(pairs: list[tuple[str, str]]) -> None:
    """With a single factor a case, micro-F1 is the share of cases that agree; swapping the sides changes nothing."""
    truth, predicted = [{t} for t, _ in pairs], [{p} for _, p in pairs]
    agree = accuracy([t for t, _ in pairs], [p for _, p in pairs])
    assert factor_micro_f1(truth, predicted) == pytest.approx(agree)
    assert factor_micro_f1(truth, predicted) == factor_micro_f1(predicted, truth)


@given(scores=SCORES, shift=st.floats(-20, 20), temperature=st.floats(0.1, 10))
def test_calibrated_gives_probabilities(scores: np.ndarray, shift: float, temperature: float) -> None:
    """They sum to one, keep the order of the labels, and do not feel a constant added to all scores."""
    found = calibrated(scores, temperature, np.zeros(3))
    assert found.sum() == pytest.approx(1)
    assert (np.diff(found[np.argsort(scores)]) >= 0).all()
    assert calibrated(scores + shift, temperature, np.zeros(3)) == pytest.approx(found, abs=1e-6)


@given(
    scores=st.lists(st.tuples(SCORES, st.integers(0, 2)), min_size=1, max_size=30), bins=st.integers(1, 20)
)
def test_calibration_figures_keep_their_range(scores: list[tuple[np.ndarray, int]], bins: int) -> None:
    """ECE is in [0, 1] and the Brier score in [0, 2]; the bins hold every case, each within its edges."""
    probabilities = np.array([calibrated(score, 1.0, np.zeros(3)) for score, _ in scores])
    labels = np.array([label for _, label in scores])
    assert 0 <= ece(probabilities, labels, bins) <= 1
    assert 0 <= brier(probabilities, labels) <= 2
    rows = reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, bins)
    assert sum(row.count for row in rows) == len(labels)
    assert all(row.low - 1e-9 <= row.confidence <= row.high + 1e-9 for row in rows)


@given(share=SHARES)
def test_intervals_hold_their_share(share: tuple[int, int]) -> None:
    """Both intervals lie in [0, 1] around the share, and mirror when hits and misses swap."""
    hits, n = share
    for interval in (wilson, clopper_pearson):
        found, mirrored = interval(hits, n), interval(n - hits, n)
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value <= found.high + 1e-12 <= 1 + 2e-12
        assert math.isclose(found.low, 1 - mirrored.high, abs_tol=1e-9)
