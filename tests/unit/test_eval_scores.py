"""Figures with intervals: right values, sensible ends, margins that know a tie from a win.

Takes: verdicts made up for the purpose. Gives: failures of arithmetic. Asks no model.
"""

import numpy as np
import pytest

from cases.factor import Factor
from cases.verdict import VERDICTS, Verdict
from eval.faithfulness import Faithfulness, Share
from eval.figures import figure, percent
from eval.rivals import Rival, best
from eval.scores import factor_f1, margin, score, share, supported_share
from metrics.classification import macro_f1
from metrics.intervals import Interval

YES, NO, OPEN = VERDICTS
RNG = np.random.default_rng(5)
LABELS = tuple(VERDICTS[int(index)] for index in RNG.integers(0, 3, 300))


def _mostly_right(share_right: float) -> tuple[Verdict, ...]:
    draws = RNG.random(len(LABELS))
    return tuple(
        label if draw < share_right else VERDICTS[(VERDICTS.index(label) + 1) % 3]
        for label, draw in zip(LABELS, draws, strict=True)
    )


def test_scores_are_those_of_the_metrics_with_an_interval_around() -> None:
    """Macro-F1 equals the metrics' own; every value lies inside its interval; counts are told."""
    verdicts = _mostly_right(0.8)
    found = score(LABELS, verdicts)
    assert found.macro_f1.value == pytest.approx(macro_f1(LABELS, verdicts, VERDICTS))
    assert found.called_induced == verdicts.count(YES)
    assert found.ece is None
    for interval in (found.accuracy, found.macro_f1, found.precision_induced, found.recall_induced):
        assert interval.low < interval.value < interval.high


def test_calibration_error_is_small_for_honest_probabilities() -> None:
    """Certain and right is no error; certain and always wrong is an error of one."""
    sure = np.eye(3)[[VERDICTS.index(label) for label in LABELS]]
    right, wrong = score(LABELS, LABELS, sure), score(LABELS, LABELS, np.roll(sure, 1, axis=1))
    assert right.ece is not None
    assert right.ece.value == pytest.approx(0.0)
    assert wrong.ece is not None
    assert wrong.ece.value == pytest.approx(1.0)


def test_a_clear_win_is_a_margin_above_zero_and_a_tie_is_none() -> None:
    """The paired interval of a much better model lies above zero; that of the same verdicts is zero."""
    good, poor = _mostly_right(0.9), _mostly_right(0.5)
    assert margin(LABELS, good, Rival("poor", poor)).holds
    assert not margin(LABELS, poor, Rival("good", good)).holds
    tie = margin(LABELS, good, Rival("itself", good))
    assert (tie.above.value, tie.above.low, tie.above.high) == (0.0, 0.0, 0.0)
    assert not tie.holds


def test_precision_of_what_was_never_called_is_unknown() -> None:
    """Without one call of induced there is no precision, and the interval says nothing."""
    found = score((YES, NO), (NO, NO))
    assert np.isnan(found.precision_induced.value)
    assert (found.precision_induced.low, found.precision_induced.high) == (0.0, 1.0)


def test_factors_are_compared_as_sets() -> None:
    """Two of three named factors are right, one is missed: F1 is 2 * 2 / (3 + 3)."""
    asked, late, ignored = (
        Factor.CHAT_ASKED_TO_CANCEL,
        Factor.FULFILLMENT_MISSED_SHIP_DEADLINE,
        Factor.CHAT_IGNORED_BUYER,
    )
    found = factor_f1([{asked, late}, {ignored}], [(late, asked), (asked,)])
    assert found.value == pytest.approx(4 / 6)


def test_the_best_column_wins_and_figures_print_their_interval() -> None:
    """Rows of scores become verdicts; a figure is never printed alone."""
    assert best(np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])) == (NO, YES)
    assert figure(Interval(4.25, 4.0, 4.5), "x", 1) == "4.2x (4.0 to 4.5)"
    assert percent(share(1, 2)).startswith("50.0 % (")


def test_statements_of_one_reasoning_count_together() -> None:
    """Ten statements that hold or fail as one say less than ten apart: the interval is that of the reasonings."""
    each = (Share(10, 10),) * 30 + (Share(0, 10),) * 20 + (Share(0, 0),) * 5
    found = supported_share(Faithfulness(Share(300, 500), {}, 55, 5, (), each))
    apart = share(300, 500)
    assert found.value == apart.value == 0.6
    assert found.high - found.low > 2 * (apart.high - apart.low)
    assert np.isnan(supported_share(Faithfulness(Share(0, 0), {}, 0, 0, ())).value)
