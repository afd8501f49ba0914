"""What holds of every ruling, whatever the engine says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.decision import Action
from cases.market import MarketConfig
from cases.verdict import VERDICTS
from serving.engines.base import LabelLogprobs
from serving.model_files import MarketCalibration
from serving.policy import rule_on

_LOGPROB = st.floats(-80.0, 0.0)
_CALIBRATION = st.none() | st.builds(
    MarketCalibration,
    temperature=st.floats(0.05, 20.0),
    bias=st.tuples(*[st.floats(-10.0, 10.0)] * 3),
)


@given(st.tuples(_LOGPROB, _LOGPROB, _LOGPROB), st.sampled_from([2, 3]), _CALIBRATION)
def test_every_ruling_is_sound(
    logprobs: tuple[float, float, float], classes: int, calibration: MarketCalibration | None
) -> None:
    """Probabilities sum to 1, the score is P(induced), and only a calibrated model that is not lost penalises."""
    market = MarketConfig.model_validate(
        {
            "code": "SG",
            "name": "S",
            "languages": ("en",),
            "currency": "SGD",
            "utc_offset": "+08:00",
            "classes": classes,
        }
    )
    said = LabelLogprobs(dict(zip(VERDICTS, logprobs, strict=True)), prompt_tokens=1)
    ruling = rule_on(said, market, calibration)
    assert ruling.probabilities is not None
    assert math.fsum(ruling.probabilities.as_array()) == pytest.approx(1.0)
    assert ruling.score == ruling.probabilities.induced
    lost = said.label_mass < market.label_mass_floor
    if not lost:
        assert ruling.verdict is ruling.probabilities.best()
    if lost or calibration is None:
        assert ruling.action is not Action.PENALISE
        assert ruling.warnings
    if classes == 2:
        assert ruling.verdict.value != "inconclusive"
