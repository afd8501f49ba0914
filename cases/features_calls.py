"""The 5 communication features of phone calls.

Takes: `RecordFacts`. Gives: `CALL_FEATURES`. Does not: know what was said.
"""

from cases.case import CallDirection
from cases.feature_spec import Family, FeatureSpec, Measure
from cases.record import RecordFacts


def _calls(facts: RecordFacts, direction: CallDirection) -> float | None:
    if not facts.calls_known:
        return None
    return sum(call.direction is direction for call in facts.case.calls or ())


def _answered(facts: RecordFacts) -> float | None:
    return len(facts.answered_seller_calls) if facts.calls_known else None


def _longest_seconds(facts: RecordFacts) -> float | None:
    return max(
        (call.seconds for call in facts.answered_seller_calls if call.seconds is not None), default=None
    )


def _last_hours_before(facts: RecordFacts) -> float | None:
    return min((call.hours_before for call in facts.answered_seller_calls), default=None)


def _spec(name: str, unit: str, description: str, measure: Measure) -> FeatureSpec:
    return FeatureSpec(name, unit, Family.COMMUNICATION, description, measure)


CALL_FEATURES: tuple[FeatureSpec, ...] = (
    _spec(
        "seller_calls",
        "count",
        "calls from the seller, answered or not",
        lambda f: _calls(f, CallDirection.SELLER_TO_BUYER),
    ),
    _spec("seller_calls_answered", "count", "calls from the seller that the buyer answered", _answered),
    _spec(
        "seller_call_longest_seconds",
        "s",
        "longest answered call from the seller; NaN without",
        _longest_seconds,
    ),
    _spec(
        "seller_call_last_hours_before",
        "h",
        "last answered call from the seller to the cancellation; NaN without",
        _last_hours_before,
    ),
    _spec("buyer_calls", "count", "calls from the buyer", lambda f: _calls(f, CallDirection.BUYER_TO_SELLER)),
)
