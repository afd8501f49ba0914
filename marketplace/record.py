"""From a history to the record: only what a platform would have stored up to the cancellation, with its gaps.

Takes: a `History`, its shop, the chat lines. Gives: a `Case` of the contract. Does not: label, or let a gap depend on
anything but chance: which signals a feed lacks is drawn apart from what happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from cases.case import (
    Buyer,
    Call,
    CallDirection,
    Case,
    ChatMessage,
    ConcurrentOrder,
    FulfillmentEvent,
    FulfillmentKind,
    Order,
    PresenceInterval,
    PresenceState,
    Seller,
)
from cases.market import MarketConfig
from marketplace.history import History, ShopOrder
from marketplace.realise import Line
from marketplace.rhythm import DAY_S, HOUR_S, LocalClock
from marketplace.shop import Shop
from marketplace.traits import BuyerTraits

_NEIGHBOURS = (2, 13)


@dataclass(frozen=True, slots=True)
class FeedGaps:
    """Which signals this case's feed lacks."""

    calls: bool
    promise: bool
    fulfilment: bool
    neighbours: bool
    seller: bool
    figures: bool
    presence: bool
    chat: bool
    value: bool
    category: bool
    language: bool
    buyer: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a case happens: the market, its clock, the shop and the buyer."""

    market: MarketConfig
    clock: LocalClock
    shop: Shop
    buyer: BuyerTraits


def draw_gaps(rng: Random) -> FeedGaps:
    """Gaps at the rates of a middling feed."""
    return FeedGaps(
        calls=rng.random() < 0.32,
        promise=rng.random() < 0.09,
        fulfilment=rng.random() < 0.14,
        neighbours=rng.random() < 0.42,
        seller=rng.random() < 0.07,
        figures=rng.random() < 0.07,
        presence=rng.random() < 0.40,
        chat=rng.random() < 0.02,
        value=rng.random() < 0.03,
        category=rng.random() < 0.03,
        language=rng.random() < 0.05,
        buyer=rng.random() < 0.03,
    )


def assemble(rng: Random, setting: Setting, history: History, lines: Sequence[Line], case_id: str) -> Case:
    """The record of a cancelled order. All times are whole seconds, none later than the cancellation but deadlines."""
    gaps = draw_gaps(rng)
    ends_s = float(int(history.cancelled_s))
    return Case(
        case_id=case_id,
        market=setting.market.code,
        language=None if gaps.language else setting.market.languages[0],
        order=_order(setting, history, gaps),
        fulfillment=None if gaps.fulfilment else _fulfilment(history, ends_s),
        chat=None if gaps.chat else tuple(_message(line) for line in lines),
        calls=None if gaps.calls else _calls(history, ends_s),
        concurrent_orders=None
        if gaps.neighbours
        else _neighbours(setting.shop, history, ends_s, rng.randint(*_NEIGHBOURS)),
        seller=None if gaps.seller else _seller(rng, setting, gaps, ends_s),
        buyer=None if gaps.buyer else Buyer(buyer_id=setting.buyer.buyer_id),
    )


def moment(at_s: float) -> datetime:
    """A simulated moment as the record writes it: UTC, whole seconds."""
    return datetime.fromtimestamp(int(at_s), UTC)


def _order(setting: Setting, history: History, gaps: FeedGaps) -> Order:
    order = history.order
    shipped_s = next((e.at_s for e in history.parcel if e.event is FulfillmentKind.HANDED_OVER), None)
    if shipped_s is not None and shipped_s > history.cancelled_s:
        shipped_s = None
    return Order(
        order_id=order.order_id,
        placed_at=moment(order.placed_s),
        cancelled_at=moment(history.cancelled_s),
        promised_ship_at=None if gaps.promise else moment(order.promised_s),
        shipped_at=None if shipped_s is None else moment(shipped_s),
        value=None if gaps.value else float(order.value),
        currency=setting.market.currency,
        category=None if gaps.category else setting.shop.items[order.item].category,
        item_count=order.item_count,
        buyer_reason=history.reason,
    )


def _fulfilment(history: History, ends_s: float) -> tuple[FulfillmentEvent, ...]:
    return tuple(
        FulfillmentEvent(
            at=moment(e.at_s),
            event=e.event,
            new_deadline=None if e.new_deadline_s is None else moment(e.new_deadline_s),
        )
        for e in sorted(history.parcel, key=lambda e: e.at_s)
        if e.at_s <= ends_s
    )


def _message(line: Line) -> ChatMessage:
    return ChatMessage(at=moment(line.at_s), sender=line.sender, text=line.text, kind=line.kind)


def _calls(history: History, ends_s: float) -> tuple[Call, ...]:
    return tuple(
        Call(
            at=moment(call.at_s),
            direction=CallDirection.SELLER_TO_BUYER if call.from_seller else CallDirection.BUYER_TO_SELLER,
            answered=call.answered,
            seconds=float(call.seconds),
        )
        for call in history.calls
        if call.at_s + call.seconds <= ends_s
    )


def _neighbours(shop: Shop, history: History, ends_s: float, listed: int) -> tuple[ConcurrentOrder, ...]:
    """Other orders of the shop that were open while this one was, the latest `listed` of them."""
    own = history.order
    open_ones = [
        o for o in shop.orders if o is not own and o.placed_s <= ends_s and _closed_s(o) >= own.placed_s
    ]
    return tuple(_neighbour(o, own.item, ends_s) for o in open_ones[-listed:])


def _closed_s(order: ShopOrder) -> float:
    ends = [t for t in (order.handover_s, order.background_cancelled_s) if t is not None]
    return min(ends, default=float("inf"))


def _neighbour(order: ShopOrder, own_item: int, ends_s: float) -> ConcurrentOrder:
    cancelled_s, shipped_s = order.background_cancelled_s, order.handover_s
    if cancelled_s is not None and shipped_s is not None:
        cancelled_s, shipped_s = (cancelled_s, None) if cancelled_s < shipped_s else (None, shipped_s)
    return ConcurrentOrder(
        order_id=order.order_id,
        placed_at=moment(order.placed_s),
        promised_ship_at=moment(order.promised_s),
        shipped_at=moment(shipped_s) if shipped_s is not None and shipped_s <= ends_s else None,
        cancelled_at=moment(cancelled_s) if cancelled_s is not None and cancelled_s <= ends_s else None,
        same_item=order.item == own_item,
    )


def _seller(rng: Random, setting: Setting, gaps: FeedGaps, ends_s: float) -> Seller:
    traits = setting.shop.seller
    if gaps.figures:
        return Seller(seller_id=traits.seller_id)
    orders = max(1, round(traits.daily_orders * 30.0 * rng.lognormvariate(0.0, 0.15)))
    cancelled_share = min(0.5, 0.01 + 0.32 * (1.0 - traits.stock_reliability) * rng.lognormvariate(0.0, 0.6))
    cancelled = min(orders, round(orders * cancelled_share))
    completed = min(orders - cancelled, round(orders * rng.uniform(0.86, 0.99) - cancelled))
    processing = traits.handling_days * 24.0 * (1.15 - 0.8 * traits.diligence) * rng.lognormvariate(0.0, 0.25)
    return Seller(
        seller_id=traits.seller_id,
        orders_30d=orders,
        completed_30d=max(0, completed),
        cancelled_30d=cancelled,
        mean_processing_hours_30d=round(processing * (0.7 + 0.4 * setting.shop.load), 1),
        mean_reply_minutes_30d=float(round(traits.reply_median_minutes * rng.lognormvariate(0.5, 0.35))),
        presence=None if gaps.presence else _presence(rng, setting, ends_s),
    )


def _presence(rng: Random, setting: Setting, ends_s: float) -> tuple[PresenceInterval, ...]:
    """What the seller's app reported over the last two days, cut at the cancellation."""
    traits, clock = setting.shop.seller, setting.clock
    found: list[PresenceInterval] = []
    for day in (2, 1, 0):
        opens_s = clock.midnight(ends_s - day * DAY_S) + traits.opens_hour * HOUR_S
        closes_s = opens_s + (traits.closes_hour - traits.opens_hour) * HOUR_S
        at_s = opens_s + rng.uniform(-20.0, 40.0) * 60.0
        while at_s < min(closes_s, ends_s) and len(found) < 12:
            state = (
                PresenceState.ACTIVE if rng.random() < 0.35 + 0.5 * traits.diligence else PresenceState.IDLE
            )
            to_s = min(at_s + rng.lognormvariate(1.0, 0.8) * HOUR_S, ends_s)
            found.append(PresenceInterval(**{"from": moment(at_s), "to": moment(to_s), "state": state}))
            at_s = to_s + rng.expovariate(1.0 / HOUR_S)
    return tuple(found)
