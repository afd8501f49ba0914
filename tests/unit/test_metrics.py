"""Figures against scikit-learn, SciPy and numbers worked out by hand."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as sk

from metrics.calibration import (
    binary_ece,
    brier,
    ece,
    fit_temperature_bias,
    negative_log_likelihood,
    reliability,
)
from metrics.calibration_apply import calibrated
from metrics.classification import accuracy, f1_of, factor_micro_f1, macro_f1, precision_of, recall_of
from metrics.intervals import Interval, bootstrap, clopper_pearson, paired_bootstrap, wilson

LABELS = ["induced", "not_induced", "inconclusive"]


def _drawn(seed: int, n: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    truth = [LABELS[i] for i in rng.integers(0, 3, n)]
    predicted = [t if rng.random() < 0.6 else LABELS[rng.integers(0, 3)] for t in truth]
    return truth, predicted


@pytest.mark.parametrize("seed", range(3))
def test_classification_is_scikit_learns(seed: int) -> None:
    """Accuracy, precision, recall, F1 and macro-F1 are those of scikit-learn."""
    truth, predicted = _drawn(seed, 200)
    one = {"labels": ["induced"], "average": None, "zero_division": 0}
    assert accuracy(truth, predicted) == pytest.approx(sk.accuracy_score(truth, predicted))
    assert precision_of("induced", truth, predicted) == pytest.approx(
        sk.precision_score(truth, predicted, **one)[0]
    )
    assert recall_of("induced", truth, predicted) == pytest.approx(
        sk.recall_score(truth, predicted, **one)[0]
    )
    assert f1_of("induced", truth, predicted) == pytest.approx(sk.f1_score(truth, predicted, **one)[0])
    assert macro_f1(truth, predicted, LABELS) == pytest.approx(
        sk.f1_score(truth, predicted, labels=LABELS, average="macro", zero_division=0)
    )


def test_nothing_to_count_is_not_a_number() -> None:
    """A share of nothing is nan, not zero; a class that is nowhere has an F1 of 0, as in scikit-learn."""
    assert math.isnan(accuracy([], []))
    assert math.isnan(precision_of("induced", ["induced"], ["inconclusive"]))
    assert math.isnan(recall_of("induced", ["inconclusive"], ["induced"]))
    assert math.isnan(factor_micro_f1([[]], [[]]))
    assert f1_of("induced", ["inconclusive"], ["inconclusive"]) == 0.0


def test_lists_of_other_lengths_are_refused() -> None:
    """A prediction too few is an error, not a shorter count."""
    for measure in (accuracy, factor_micro_f1):
        with pytest.raises(ValueError, match="must be as many"):
            measure([("a",)], [])


def test_factor_f1_pools_factors_as_sets() -> None:
    """By hand: 2 hits, 3 true and 4 predicted factors give 2 * 2 / 7, whatever their order and repetition."""
    truth = [["asked", "no stock"], ["changed mind"]]
    predicted = [["no stock", "asked", "asked", "ignored"], ["better price"]]
    assert factor_micro_f1(truth, predicted) == pytest.approx(4 / 7)


def test_reliability_by_hand() -> None:
    """Four cases in two of five bins: counts, mean confidence and accuracy; ECE is their weighted gap."""
    confidence, right = np.array([0.1, 0.2, 0.9, 1.0]), np.array([0, 1, 1, 1])
    rows = reliability(confidence, right, bins=5)
    assert [(row.low, row.high, row.count, row.accuracy) for row in rows] == [
        (0.0, 0.2, 2, 0.5),
        (0.8, 1.0, 2, 1.0),
    ]
    assert [row.confidence for row in rows] == pytest.approx([0.15, 0.95])
    assert binary_ece(confidence, right, bins=5) == pytest.approx(0.5 * 0.35 + 0.5 * 0.05)
    assert binary_ece(np.array([]), np.array([])) == 0.0


def test_ece_reads_the_most_probable_class() -> None:
    """By hand: one right at 0.8 and one wrong at 0.6, each alone in its bin."""
    probabilities = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1]])
    assert ece(probabilities, np.array([0, 0]), bins=10) == pytest.approx((0.2 + 0.6) / 2)


def test_brier_and_log_loss_are_scikit_learns() -> None:
    """The Brier score sums over the classes, and the loss is natural-log, as in scikit-learn."""
    rng = np.random.default_rng(5)
    probabilities, labels = rng.dirichlet([1, 1, 1], 300), rng.integers(0, 3, 300)
    assert brier(np.array([[0.5, 0.25, 0.25]]), np.array([0])) == pytest.approx(0.25 + 2 * 0.0625)
    assert brier(probabilities, labels) == pytest.approx(
        sk.brier_score_loss(labels, probabilities, labels=[0, 1, 2], scale_by_half=False)
    )
    assert negative_log_likelihood(probabilities, labels) == pytest.approx(
        sk.log_loss(labels, probabilities, labels=[0, 1, 2])
    )


def test_calibrated_by_hand() -> None:
    """Temperature 1 and no bias give back probabilities; a bias of ln 3 triples the odds of its class."""
    logprobs = np.log([0.5, 0.25, 0.25])
    assert calibrated(logprobs, 1.0, np.zeros(3)) == pytest.approx([0.5, 0.25, 0.25])
    assert calibrated(logprobs, 1.0, np.array([math.log(3), 0, 0])) == pytest.approx([0.75, 0.125, 0.125])
    assert calibrated(logprobs, 0.5, np.zeros(3)) == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    with pytest.raises(ValueError, match="above zero"):
        calibrated(logprobs, 0.0, np.zeros(3))


def _overconfident(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Log-probabilities whose labels were drawn at a known temperature and bias."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, 3))
    logprobs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    temperature, bias = 2.0, np.array([0.4, 0.1, -0.5])
    truth = calibrated(logprobs, temperature, bias)
    labels = (truth.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return logprobs, labels, temperature, bias


def test_the_fit_finds_what_was_there() -> None:
    """With many cases it recovers temperature and bias, and the expected calibration error falls."""
    logprobs, labels, temperature, bias = _overconfident(20_000, 1)
    found_temperature, found_bias = fit_temperature_bias(logprobs, labels)
    assert found_temperature == pytest.approx(temperature, rel=0.05)
    assert found_bias == pytest.approx(bias, abs=0.06)
    before, after = np.exp(logprobs), calibrated(logprobs, found_temperature, found_bias)
    assert ece(after, labels) < 0.02 < ece(before, labels)


@pytest.mark.parametrize("wrong", [False, True])
def test_few_cases_cannot_run_away(wrong: bool) -> None:
    """Three cases, all right or all wrong: the prior keeps temperature and bias near doing nothing."""
    logprobs = np.log(np.array([[0.98, 0.01, 0.01], [0.01, 0.98, 0.01], [0.01, 0.01, 0.98]]))
    temperature, bias = fit_temperature_bias(logprobs, np.array([1, 2, 0] if wrong else [0, 1, 2]))
    assert 0.4 < temperature < 6
    assert np.abs(bias).max() < 0.5
    assert bias.sum() == pytest.approx(0, abs=1e-9)


def test_the_fit_needs_cases() -> None:
    """An empty split is refused."""
    with pytest.raises(ValueError, match="no cases"):
        fit_temperature_bias(np.zeros((0, 3)), np.zeros(0, int))


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (119, 126), (1, 1)])
def test_intervals_of_shares_are_scipys(hits: int, n: int) -> None:
    """Wilson and Clopper-Pearson are those of `scipy.stats.binomtest`."""
    for mine, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        for confidence in (0.95, 0.8):
            found, theirs = mine(hits, n, confidence), binomtest(hits, n).proportion_ci(confidence, method)
            assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
            assert found.value == hits / n


def test_a_share_of_nothing_may_be_anything() -> None:
    """No cases: the interval is all of [0, 1]; impossible counts are refused."""
    for interval in (wilson, clopper_pearson):
        found = interval(0, 0)
        assert (math.isnan(found.value), found.low, found.high) == (True, 0.0, 1.0)
        with pytest.raises(ValueError, match="no share"):
            interval(3, 2)


def test_bootstrap_of_a_mean_is_near_the_normal_interval() -> None:
    """For 400 values the percentile ends lie where the normal interval has them; the seed repeats them."""
    values = np.random.default_rng(3).normal(5, 2, 400)
    found = bootstrap(lambda rows: float(values[rows].mean()), 400, rounds=2000, seed=7)
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.04)
    assert found == bootstrap(lambda rows: float(values[rows].mean()), 400, rounds=2000, seed=7)


def test_bootstrap_without_a_figure_is_not_a_number() -> None:
    """No rows, or a figure that no round has, give nan ends; rounds without a figure are left out."""
    nothing = bootstrap(lambda _: 1.0, 0)
    never = bootstrap(lambda _: float("nan"), 5)
    assert all(math.isnan(x) for x in (nothing.value, nothing.low, never.low, never.high))
    rare = np.array([1.0, float("nan"), float("nan")])
    found = bootstrap(lambda rows: float(rare[rows].max()) if (rows == 0).all() else float("nan"), 3)
    assert (found.low, found.high) == (1.0, 1.0)


def test_pairing_takes_the_difficulty_out() -> None:
    """Two systems that differ by a constant on cases of all difficulties: the paired interval is that constant."""
    first = np.random.default_rng(0).normal(0, 10, 50)
    found = paired_bootstrap(
        lambda rows: float((first[rows] + 0.5).mean()), lambda rows: float(first[rows].mean()), 50, rounds=200
    )
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    assert str(Interval(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"
