"""The 7 features of the seller's activity and the 5 of the order among the seller's others.

Takes: `RecordFacts`. Gives: `SELLER_FEATURES` and `ORDER_FEATURES`. Does not: look anything up about the seller.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cases.case import PresenceInterval, PresenceState, Seller
from cases.feature_spec import Family, FeatureSpec, Measure
from cases.record import RecordFacts
from cases.waits import hours_between

_RECENT = timedelta(hours=24)
Stretch = tuple[datetime, datetime]


def _seller(facts: RecordFacts) -> Seller:
    return facts.case.seller or Seller()


def _presence(facts: RecordFacts) -> tuple[PresenceInterval, ...] | None:
    """The presence record; an empty one says nothing about the seller and is unknown too."""
    return _seller(facts).presence or None


def _stretches(facts: RecordFacts, state: PresenceState) -> Iterator[Stretch]:
    """The stretches of `state` whose both ends are known."""
    for stretch in _presence(facts) or ():
        if stretch.state is state and stretch.from_ is not None and stretch.to is not None:
            yield stretch.from_, stretch.to


def _overlap_hours(one: Stretch, other: Stretch) -> float:
    return max(0.0, hours_between(max(one[0], other[0]), min(one[1], other[1])))


def _active_hours_24h(facts: RecordFacts) -> float | None:
    if _presence(facts) is None:
        return None
    recent = (facts.cancelled_at - _RECENT, facts.cancelled_at)
    return sum(_overlap_hours(active, recent) for active in _stretches(facts, PresenceState.ACTIVE))


def _active_while_waiting_hours(facts: RecordFacts) -> float | None:
    if _presence(facts) is None or not facts.chat_known:
        return None
    waits = [(run.began_at, run.ended_at) for run in facts.unanswered_runs]
    actives = list(_stretches(facts, PresenceState.ACTIVE))
    return sum(_overlap_hours(active, wait) for active in actives for wait in waits)


def _last_active_hours_before(facts: RecordFacts) -> float | None:
    ends = [to for _, to in _stretches(facts, PresenceState.ACTIVE)]
    return hours_between(max(ends), facts.cancelled_at) if ends else None


def _longest_offline_hours(facts: RecordFacts) -> float | None:
    if _presence(facts) is None:
        return None
    return max((hours_between(*stretch) for stretch in _stretches(facts, PresenceState.OFFLINE)), default=0.0)


def _completion_rate(facts: RecordFacts) -> float | None:
    seller = _seller(facts)
    if not seller.orders_30d or seller.completed_30d is None:
        return None
    return seller.completed_30d / seller.orders_30d


def _same_item_cancelled_share(facts: RecordFacts) -> float | None:
    others = facts.case.concurrent_orders
    return (facts.same_item_cancelled or 0) / len(others) if others else None


def _spec(name: str, unit: str, description: str, measure: Measure) -> FeatureSpec:
    return FeatureSpec(name, unit, Family.SELLER, description, measure)


def _order_spec(name: str, unit: str, description: str, measure: Measure) -> FeatureSpec:
    return FeatureSpec(name, unit, Family.ORDER, description, measure)


SELLER_FEATURES: tuple[FeatureSpec, ...] = (
    _spec("seller_orders_30d", "count", "the seller's orders of 30 days", lambda f: _seller(f).orders_30d),
    _spec(
        "seller_processing_hours_30d",
        "h",
        "the seller's mean processing time of 30 days",
        lambda f: _seller(f).mean_processing_hours_30d,
    ),
    _spec(
        "seller_reply_minutes_30d",
        "min",
        "the seller's mean reply time of 30 days",
        lambda f: _seller(f).mean_reply_minutes_30d,
    ),
    _spec(
        "seller_active_hours_24h", "h", "active in the last 24 h before the cancellation", _active_hours_24h
    ),
    _spec(
        "seller_active_while_waiting_hours",
        "h",
        "active while a buyer message waited for an answer",
        _active_while_waiting_hours,
    ),
    _spec(
        "seller_last_active_hours_before", "h", "last active to the cancellation", _last_active_hours_before
    ),
    _spec("seller_longest_offline_hours", "h", "longest stretch offline", _longest_offline_hours),
)

ORDER_FEATURES: tuple[FeatureSpec, ...] = (
    _order_spec("order_value", "order currency", "value of the order", lambda f: f.case.order.value),
    _order_spec("concurrent_open", "count", "the seller's other open orders", lambda f: f.concurrent_open),
    _order_spec(
        "same_item_cancelled_share",
        "share",
        "of the seller's other orders, those of the same item that were cancelled",
        _same_item_cancelled_share,
    ),
    _order_spec(
        "seller_completion_rate", "share", "completed of the seller's orders of 30 days", _completion_rate
    ),
    _order_spec(
        "seller_cancellation_ratio",
        "share",
        "cancelled of the seller's orders of 30 days",
        lambda f: f.cancelled_share_30d,
    ),
)
