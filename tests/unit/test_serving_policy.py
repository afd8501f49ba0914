"""From log-probabilities to verdict, score and action."""

import math

import pytest

from cases.decision import Action
from cases.market import MarketConfig
from cases.verdict import VERDICTS, Verdict
from serving.engines.base import LabelLogprobs
from serving.model_files import MarketCalibration
from serving.policy import rule_on, unmeasured, with_precision

PLAIN = MarketCalibration(temperature=1.0, bias=(0.0, 0.0, 0.0))


def _market(**changes: object) -> MarketConfig:
    given = {
        "code": "SG",
        "name": "Singapore",
        "languages": ("en",),
        "currency": "SGD",
        "utc_offset": "+08:00",
    }
    return MarketConfig.model_validate({**given, **changes})


def _said(induced: float, not_induced: float, inconclusive: float) -> LabelLogprobs:
    shares = (induced, not_induced, inconclusive)
    return LabelLogprobs(
        {v: math.log(share) for v, share in zip(VERDICTS, shares, strict=True)}, prompt_tokens=10
    )


@pytest.mark.parametrize(
    ("share", "action"),
    [(0.96, Action.PENALISE), (0.94, Action.INVESTIGATE), (0.46, Action.INVESTIGATE), (0.4, Action.NONE)],
)
def test_the_thresholds_cut_the_score(share: float, action: Action) -> None:
    """P(induced) is cut at 0.95 and 0.45."""
    ruling = rule_on(_said(share, (1 - share) * 0.6, (1 - share) * 0.4), _market(), PLAIN)
    assert ruling.score == pytest.approx(share)
    assert ruling.action is action


def test_the_verdict_is_the_likeliest_after_calibration() -> None:
    """A bias can turn the verdict: what counts are the calibrated probabilities."""
    said = _said(0.6, 0.3, 0.1)
    assert rule_on(said, _market(), PLAIN).verdict is Verdict.INDUCED
    shifted = MarketCalibration(temperature=1.0, bias=(-2.0, 0.0, 0.0))
    assert rule_on(said, _market(), shifted).verdict is Verdict.NOT_INDUCED


def test_two_classes_read_inconclusive_as_not_induced() -> None:
    """P(inconclusive) is added to P(not_induced) before the argmax."""
    ruling = rule_on(_said(0.4, 0.25, 0.35), _market(classes=2), PLAIN)
    assert ruling.verdict is Verdict.NOT_INDUCED
    assert ruling.probabilities is not None
    assert ruling.probabilities.not_induced == pytest.approx(0.6)
    assert ruling.probabilities.inconclusive == 0.0


@pytest.mark.parametrize(("classes", "verdict"), [(3, Verdict.INCONCLUSIVE), (2, Verdict.NOT_INDUCED)])
def test_a_lost_model_decides_nothing(classes: int, verdict: Verdict) -> None:
    """Under the floor of label mass the verdict is inconclusive (or what the market reads it as), with a warning."""
    ruling = rule_on(_said(0.48, 0.005, 0.005), _market(classes=classes), PLAIN)
    assert ruling.verdict is verdict
    assert ruling.action is Action.INVESTIGATE
    assert len(ruling.warnings) == 1


def test_without_a_calibration_at_most_investigate() -> None:
    """A sure but uncalibrated model does not penalise, and says why."""
    ruling = rule_on(_said(0.99, 0.005, 0.005), _market(), None)
    assert (ruling.verdict, ruling.action) == (Verdict.INDUCED, Action.INVESTIGATE)
    assert "not calibrated" in ruling.warnings[0]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("precision", [0.1, 0.4, 0.7, 1.0])
def test_a_rules_precision_is_told(verdict: Verdict, precision: float, classes: int) -> None:
    """The rule's precision stands at its verdict where it makes it the likeliest; nobody is penalised by rules."""
    ruling = with_precision(verdict, precision, _market(classes=classes))
    assert ruling.action is not Action.PENALISE
    assert "not calibrated" in ruling.warnings[0]
    if ruling.probabilities is not None:
        assert getattr(ruling.probabilities, ruling.verdict.value) == pytest.approx(precision)
        assert sum(ruling.probabilities.as_array()) == pytest.approx(1.0)
        assert ruling.probabilities.best() is ruling.verdict
        assert ruling.score == ruling.probabilities.induced
    else:
        assert precision < 0.5


def test_an_unmeasured_accusation_asks_for_a_look() -> None:
    """Without any probability an induced verdict is investigated, the others are left alone."""
    actions = [unmeasured(verdict, _market()).action for verdict in VERDICTS]
    assert actions == [Action.INVESTIGATE, Action.NONE, Action.NONE]
