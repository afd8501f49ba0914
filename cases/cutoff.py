"""What was on record when the buyer cancelled: everything after the cancellation is ignored, and said to be.

Takes: a `Case`. Gives: the same case cut at `order.cancelled_at`, without a label, lists in canonical order, and
warnings. Does not: decide what the record means. Applied twice it changes nothing more.

Equal times count as before. An entry without a time cannot be shown to lie before, so it is ignored too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from cases.case import (
    Call,
    Case,
    ChatMessage,
    ConcurrentOrder,
    FulfillmentEvent,
    Order,
    PresenceInterval,
    Seller,
)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _Timed(Protocol):
    @property
    def at(self) -> datetime | None: ...


_Entry = TypeVar("_Entry", bound=_Timed)


@dataclass(frozen=True, slots=True)
class CutCase:
    """A case as it stood at the cancellation; `warnings` name what was ignored."""

    case: Case
    warnings: tuple[str, ...]


def at_cancellation(case: Case) -> CutCase:
    """Cut `case` at its cancellation, drop a label, sort every list by time and then by content."""
    warnings: list[str] = []
    end = case.order.cancelled_at
    cut = Case.model_construct(
        case_id=case.case_id,
        market=case.market,
        language=case.language,
        order=_order(case.order, warnings),
        fulfillment=_timed(case.fulfillment, end, _fulfillment_key, "fulfilment event", warnings),
        chat=_timed(case.chat, end, _chat_key, "chat message", warnings),
        calls=_calls(case.calls, end, warnings),
        concurrent_orders=_concurrent(case.concurrent_orders, end, warnings),
        seller=_seller(case.seller, end, warnings),
        buyer=case.buyer,
    )
    return CutCase(cut, tuple(warnings))


def _timed(
    entries: tuple[_Entry, ...] | None,
    end: datetime,
    key: Callable[[_Entry], tuple[object, ...]],
    name: str,
    warnings: list[str],
) -> tuple[_Entry, ...] | None:
    """The entries up to `end`, sorted; of equal times the content decides, never the order in the file."""
    if entries is None:
        return None
    kept = [entry for entry in entries if entry.at is not None and entry.at <= end]
    if len(kept) < len(entries):
        without_time = sum(entry.at is None for entry in entries)
        _warn(warnings, len(entries) - len(kept) - without_time, name, "after the cancellation, ignored")
        _warn(warnings, without_time, name, "without a time, ignored")
    kept.sort(key=key)
    return tuple(kept)


def _warn(warnings: list[str], count: int, name: str, what: str) -> None:
    if count:
        warnings.append(f"{count} {name}{'s' if count > 1 else ''} {what}")


def _fulfillment_key(event: FulfillmentEvent) -> tuple[object, ...]:
    return event.at, event.event or "", event.new_deadline or _LONG_AGO, event.note or ""


def _chat_key(message: ChatMessage) -> tuple[object, ...]:
    return message.at, message.sender or "", message.kind or "", message.text or ""


def _call_key(call: Call) -> tuple[object, ...]:
    answered = -1 if call.answered is None else int(call.answered)
    return call.at, call.direction or "", answered, -1.0 if call.seconds is None else call.seconds


def _order(order: Order, warnings: list[str]) -> Order:
    if order.shipped_at is None or order.shipped_at <= order.cancelled_at:
        return order
    warnings.append("order.shipped_at lies after the cancellation, read as null")
    return order.model_copy(update={"shipped_at": None})


def _calls(calls: tuple[Call, ...] | None, end: datetime, warnings: list[str]) -> tuple[Call, ...] | None:
    kept = _timed(calls, end, _call_key, "call", warnings)
    if not kept:
        return kept
    cut = tuple(_cut_call(call, end) for call in kept)
    changed = sum(new is not old for new, old in zip(cut, kept, strict=True))
    _warn(warnings, changed, "call", "still running at the cancellation, its seconds cut there")
    return tuple(sorted(cut, key=_call_key)) if changed else cut


def _cut_call(call: Call, end: datetime) -> Call:
    if call.at is None or call.seconds is None:
        return call
    room = (end - call.at).total_seconds()
    return call if call.seconds <= room else call.model_copy(update={"seconds": room})


def _concurrent(
    orders: tuple[ConcurrentOrder, ...] | None, end: datetime, warnings: list[str]
) -> tuple[ConcurrentOrder, ...] | None:
    if orders is None:
        return None
    kept = [order for order in orders if order.placed_at is None or order.placed_at <= end]
    _warn(warnings, len(orders) - len(kept), "concurrent order", "placed after the cancellation, ignored")
    cut = [_cut_concurrent(order, end) for order in kept]
    changed = sum(new is not old for new, old in zip(cut, kept, strict=True))
    _warn(warnings, changed, "concurrent order", "shipped or cancelled later, that time read as null")
    return tuple(sorted(cut, key=_concurrent_key))


def _cut_concurrent(order: ConcurrentOrder, end: datetime) -> ConcurrentOrder:
    later = {
        name: None
        for name, at in (("shipped_at", order.shipped_at), ("cancelled_at", order.cancelled_at))
        if at is not None and at > end
    }
    return order.model_copy(update=later) if later else order


def _concurrent_key(order: ConcurrentOrder) -> tuple[object, ...]:
    times = (order.placed_at, order.promised_ship_at, order.shipped_at, order.cancelled_at)
    same_item = -1 if order.same_item is None else int(order.same_item)
    return (*(at or _LONG_AGO for at in times), same_item, order.order_id or "")


def _seller(seller: Seller | None, end: datetime, warnings: list[str]) -> Seller | None:
    if seller is None or seller.presence is None:
        return seller
    kept = [stretch for stretch in seller.presence if stretch.from_ is None or stretch.from_ <= end]
    _warn(warnings, len(seller.presence) - len(kept), "presence interval", "after the cancellation, ignored")
    cut = [_cut_presence(stretch, end) for stretch in kept]
    changed = sum(new is not old for new, old in zip(cut, kept, strict=True))
    _warn(warnings, changed, "presence interval", "cut at the cancellation")
    return seller.model_copy(update={"presence": _sorted_presence(cut)})


def _cut_presence(stretch: PresenceInterval, end: datetime) -> PresenceInterval:
    if stretch.to is None or stretch.to <= end:
        return stretch
    return stretch.model_copy(update={"to": end})


def _sorted_presence(stretches: Iterable[PresenceInterval]) -> tuple[PresenceInterval, ...]:
    return tuple(sorted(stretches, key=lambda s: (s.from_ or _LONG_AGO, s.to or _LONG_AGO, s.state or "")))
