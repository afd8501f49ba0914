"""The 18 features of promise, deadline and parcel.

Takes: `RecordFacts`. Gives: `FULFILMENT_FEATURES`. Does not: read notes.
"""

from datetime import datetime

from cases.case import FulfillmentKind
from cases.feature_spec import Family, FeatureSpec, Measure
from cases.record import RecordFacts
from cases.waits import hours_between


def _before(facts: RecordFacts, at: datetime | None) -> float | None:
    return None if at is None else hours_between(at, facts.cancelled_at)


def _after_placing(facts: RecordFacts, at: datetime | None) -> float | None:
    return None if at is None else hours_between(facts.case.order.placed_at, at)


def _last_at(facts: RecordFacts, *kinds: FulfillmentKind) -> datetime | None:
    return max((e.at for e in facts.events(*kinds) if e.at is not None), default=None)


def _first_at(facts: RecordFacts, *kinds: FulfillmentKind) -> datetime | None:
    return min((e.at for e in facts.events(*kinds) if e.at is not None), default=None)


def _promise_used_share(facts: RecordFacts) -> float | None:
    promised_hours = _after_placing(facts, facts.promised_at)
    return facts.hours_open / promised_hours if promised_hours is not None and promised_hours > 0 else None


def _extension_total_hours(facts: RecordFacts) -> float | None:
    if not facts.extensions or facts.promised_at is None or facts.latest_deadline is None:
        return None
    return hours_between(facts.promised_at, facts.latest_deadline)


def _extensions_after_promise(facts: RecordFacts) -> float | None:
    promised = facts.promised_at
    if promised is None or not facts.fulfillment_known:
        return None
    extensions = facts.events(FulfillmentKind.DEADLINE_EXTENDED)
    return sum(e.at is not None and e.at > promised for e in extensions)


def _known_count(facts: RecordFacts, *kinds: FulfillmentKind) -> float | None:
    return len(facts.events(*kinds)) if facts.fulfillment_known else None


def _quiet_share(facts: RecordFacts) -> float | None:
    if not facts.fulfillment_known or facts.hours_open <= 0:
        return None
    last = _last_at(facts, *FulfillmentKind)
    return 1.0 if last is None else min(1.0, hours_between(last, facts.cancelled_at) / facts.hours_open)


def _packed_wait(facts: RecordFacts) -> float | None:
    if facts.packed_at is None:
        return None
    return hours_between(facts.packed_at, facts.handed_over_at or facts.cancelled_at)


def _spec(name: str, unit: str, description: str, measure: Measure) -> FeatureSpec:
    return FeatureSpec(name, unit, Family.FULFILMENT, description, measure)


FULFILMENT_FEATURES: tuple[FeatureSpec, ...] = (
    _spec("hours_open", "h", "placed to cancelled", lambda f: f.hours_open),
    _spec("promised_hours", "h", "placed to the first promise", lambda f: _after_placing(f, f.promised_at)),
    _spec(
        "hours_late",
        "h",
        "first promise to handover, or to the cancellation while nothing is handed over; negative: time left",
        lambda f: f.hours_late,
    ),
    _spec("promise_used_share", "ratio", "hours open over promised hours", _promise_used_share),
    _spec("extensions", "count", "deadline extensions", lambda f: f.extensions),
    _spec(
        "extension_total_hours",
        "h",
        "first promise to the latest deadline; NaN without an extension",
        _extension_total_hours,
    ),
    _spec(
        "extensions_after_promise",
        "count",
        "extensions after the promise had passed",
        _extensions_after_promise,
    ),
    _spec(
        "last_extension_hours_before",
        "h",
        "last extension to the cancellation; NaN without one",
        lambda f: _before(f, _last_at(f, FulfillmentKind.DEADLINE_EXTENDED)),
    ),
    _spec(
        "deadline_missed_events",
        "count",
        "missed deadlines recorded",
        lambda f: _known_count(f, FulfillmentKind.DEADLINE_MISSED),
    ),
    _spec("stock_out", "0/1", "a stock-out was recorded", lambda f: f.stock_out_recorded),
    _spec(
        "stock_out_after_hours",
        "h",
        "placed to the first stock-out; NaN without one",
        lambda f: _after_placing(f, _first_at(f, FulfillmentKind.STOCK_OUT)),
    ),
    _spec("packed", "0/1", "the parcel was packed", lambda f: f.packed),
    _spec("packing_hours", "h", "placed to packed", lambda f: _after_placing(f, f.packed_at)),
    _spec("packed_wait_hours", "h", "packed to handed over, or to the cancellation", _packed_wait),
    _spec("handed_over", "0/1", "the courier had the parcel", lambda f: f.shipped),
    _spec(
        "handed_over_hours_before",
        "h",
        "handed over to the cancellation",
        lambda f: _before(f, f.handed_over_at),
    ),
    _spec(
        "updates",
        "count",
        "updates and movements recorded",
        lambda f: _known_count(f, FulfillmentKind.UPDATE, FulfillmentKind.IN_TRANSIT),
    ),
    _spec(
        "quiet_share",
        "share",
        "of the hours open, those since the last fulfilment event; 1 without an event",
        _quiet_share,
    ),
)
