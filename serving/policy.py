"""From the engine's label log-probabilities to a verdict, a score and an action.

Takes: log-probabilities, the market, the market's calibration (or None). Gives: a frozen `Ruling`.
Does not: ask an engine, or know why a fallback answered.
"""

from dataclasses import dataclass

import numpy as np

from cases.decision import Action, Probabilities
from cases.market import MarketConfig
from cases.verdict import VERDICTS, Verdict
from metrics.calibration_apply import calibrated
from serving.engines.base import LabelLogprobs
from serving.model_files import MarketCalibration

_INDUCED, _NOT_INDUCED, _INCONCLUSIVE = range(3)


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict with what it rests on; `score` is P(induced). None was not measured."""

    verdict: Verdict
    score: float | None
    probabilities: Probabilities | None
    action: Action
    warnings: tuple[str, ...] = ()


def rule_on(found: LabelLogprobs, market: MarketConfig, calibration: MarketCalibration | None) -> Ruling:
    """The calibrated verdict of one market.

    In a two-class market P(inconclusive) is added to P(not_induced). Label mass under the market's floor means that
    the model is lost: inconclusive (in a two-class market not_induced) and never penalised. Without a calibration the
    action is at most `investigate`.
    """
    warnings = []
    logprobs = np.array([found.logprobs[verdict] for verdict in VERDICTS])
    if calibration is None:
        values = calibrated(logprobs, 1.0, np.zeros(len(VERDICTS)))
        warnings.append(_uncalibrated(market))
    else:
        values = calibrated(logprobs, calibration.temperature, calibration.bias_array)
    if market.classes == 2:
        values = np.array([values[_INDUCED], values[_NOT_INDUCED] + values[_INCONCLUSIVE], 0.0])
    probabilities = Probabilities.from_array(values)
    verdict = probabilities.best()
    lost = found.label_mass < market.label_mass_floor
    if lost:
        verdict = as_market(Verdict.INCONCLUSIVE, market)
        warnings.append(
            f"the labels hold only {found.label_mass:.2f} of the probability (floor {market.label_mass_floor:.2f}): "
            f"the model is lost, so the verdict is {verdict.value}"
        )
    action = action_for(probabilities.induced, market)
    if lost or calibration is None:
        action = at_most_investigate(action)
    return Ruling(verdict, probabilities.induced, probabilities, action, tuple(warnings))


def as_market(verdict: Verdict, market: MarketConfig) -> Verdict:
    """The verdict as the market reads it: two classes know no inconclusive."""
    if market.classes == 2 and verdict is Verdict.INCONCLUSIVE:
        return Verdict.NOT_INDUCED
    return verdict


def action_for(score: float, market: MarketConfig) -> Action:
    """The action for P(induced) by the market's thresholds."""
    if score >= market.thresholds.penalise:
        return Action.PENALISE
    return Action.INVESTIGATE if score >= market.thresholds.investigate else Action.NONE


def at_most_investigate(action: Action) -> Action:
    """What a degraded or uncalibrated answer may advise."""
    return Action.INVESTIGATE if action is Action.PENALISE else action


def unmeasured(verdict: Verdict, market: MarketConfig) -> Ruling:
    """A verdict without probabilities: an induced one asks for a person's look, nothing more."""
    read = as_market(verdict, market)
    action = Action.INVESTIGATE if read is Verdict.INDUCED else Action.NONE
    return Ruling(read, None, None, action, (_uncalibrated(market),))


def with_precision(verdict: Verdict, precision: float, market: MarketConfig) -> Ruling:
    """A rule's verdict with the measured precision of that rule; what is left is shared by the other verdicts.

    At most `investigate`: a rule's precision is not a calibration.
    """
    others = 1 if market.classes == 2 else len(VERDICTS) - 1
    read = as_market(verdict, market)
    values = np.full(len(VERDICTS), (1.0 - precision) / others)
    if market.classes == 2:
        values[_INCONCLUSIVE] = 0.0
    values[VERDICTS.index(read)] = precision
    probabilities = Probabilities.from_array(values)
    if probabilities.best() is not read:
        # A precision this low says nothing about which verdict is likeliest.
        return unmeasured(read, market)
    action = at_most_investigate(action_for(probabilities.induced, market))
    return Ruling(read, probabilities.induced, probabilities, action, (_uncalibrated(market),))


def _uncalibrated(market: MarketConfig) -> str:
    return f"not calibrated for market {market.code}, this route and model: at most investigate"
