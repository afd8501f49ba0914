"""The one canonical text of a case: what the encoder, the embedder and the prompt read.

Takes: a `Case`. Gives: a `Narrative` in short English lines, chat verbatim but neutralised, times relative to the
cancellation. Does not: cut to a token budget (the renderer does, oldest chat first), or read a label.

Every line break is ours: text from outside is one line, so no message can imitate a line of another sender.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cases.case import Call, Case, ChatKind, ChatMessage, FulfillmentEvent, Order, PresenceState, Seller
from cases.neutral_text import neutral
from cases.record import RecordFacts, record_facts
from cases.waits import hours_between

_MAX_NOTE_CHARS = 120  # a note of the record supports the timeline; the chat is the evidence


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the timeline; chat lines are the ones that a token budget may drop."""

    text: str
    is_chat: bool


@dataclass(frozen=True, slots=True)
class Narrative:
    """The text in three parts: facts of order and seller, what happened in order of time, a digest."""

    head: tuple[str, ...]
    timeline: tuple[TimelineEntry, ...]
    tail: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines, joined by line breaks."""
        return "\n".join((*self.head, *(entry.text for entry in self.timeline), *self.tail))


def narrate(case: Case) -> Narrative:
    """Write `case` as it stood at its cancellation; the same set of events gives the same text in any order."""
    facts = record_facts(case)
    return Narrative(head=_head(facts), timeline=_timeline(facts), tail=digest(facts))


def digest(facts: RecordFacts) -> tuple[str, ...]:
    """The checkable facts, one phrase a line, hours and seconds rounded down; the last line is `cancelled now`."""
    return (
        _lateness(facts),
        f"extensions {_or_unknown(facts.extensions)}",
        f"stock-out recorded {_yes_no(facts.stock_out_recorded)}",
        _parcel(facts),
        _open_question(facts),
        _longest_wait(facts),
        _seller_calls(facts),
        _other_orders(facts),
        "cancelled now",
    )


def _head(facts: RecordFacts) -> tuple[str, ...]:
    case, order = facts.case, facts.case.order
    return (
        f"market {neutral(case.market)}, language {case.language or 'unknown'}",
        _order(order),
        _times(facts),
        f"buyer clicked {order.buyer_reason or 'unknown'}",
        _seller(case.seller, facts),
    )


def _order(order: Order) -> str:
    return (
        f"order {neutral(order.category or '') or 'unknown'}, value {_value(order.value, order.currency)}, "
        f"items {_or_unknown(order.item_count)}"
    )


def _times(facts: RecordFacts) -> str:
    return (
        f"placed {_at(facts.case.order.placed_at, facts)}, promised ship {_at(facts.promised_at, facts)}, "
        f"handed over {_at(facts.handed_over_at, facts)}"
    )


def _value(value: float | None, currency: str | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.2f}".removesuffix(".00") + (f" {currency}" if currency else "")


def _seller(seller: Seller | None, facts: RecordFacts) -> str:
    seller = seller or Seller()
    return (
        f"seller 30 days: orders {_or_unknown(seller.orders_30d)}, completed {_or_unknown(seller.completed_30d)}, "
        f"cancelled {_or_unknown(seller.cancelled_30d)}, ships in {_measure(seller.mean_processing_hours_30d, 'h')}, "
        f"replies in {_measure(seller.mean_reply_minutes_30d, 'min')}, last active {_last_active(seller, facts)}"
    )


def _last_active(seller: Seller, facts: RecordFacts) -> str:
    ends = [s.to for s in seller.presence or () if s.state is PresenceState.ACTIVE and s.to is not None]
    return _at(max(ends, default=None), facts)


def _timeline(facts: RecordFacts) -> tuple[TimelineEntry, ...]:
    """Fulfilment, calls and chat in order of time; of equal times in this order."""
    case = facts.case
    lines: list[tuple[datetime, TimelineEntry]] = [
        *_entries(((e.at, _event_words(e, facts)) for e in case.fulfillment or ()), facts, is_chat=False),
        *_entries(((c.at, _call_words(c)) for c in case.calls or ()), facts, is_chat=False),
        *_entries(((m.at, _chat_words(m)) for m in case.chat or ()), facts, is_chat=True),
    ]
    return tuple(entry for _, entry in sorted(lines, key=lambda line: line[0]))


def _entries(
    timed: Iterable[tuple[datetime | None, str]], facts: RecordFacts, *, is_chat: bool
) -> Iterable[tuple[datetime, TimelineEntry]]:
    for at, words in timed:
        if at is not None:  # the cut has dropped entries without a time
            yield at, TimelineEntry(f"{_at(at, facts)} {words}", is_chat=is_chat)


def _event_words(event: FulfillmentEvent, facts: RecordFacts) -> str:
    words = (event.event or "unknown event").replace("_", " ")
    if event.new_deadline is not None:
        words += f" to {_at(event.new_deadline, facts)}"
    note = neutral(event.note or "")
    if len(note) > _MAX_NOTE_CHARS:
        note = note[:_MAX_NOTE_CHARS].rstrip() + "…"
    return f"{words}, note: {note}" if note else words


def _call_words(call: Call) -> str:
    who = (call.direction or "unknown direction").replace("_", " ")
    if call.answered:
        return f"call {who} answered {_measure(call.seconds, 's')}"
    return f"call {who} {'answer unknown' if call.answered is None else 'not answered'}"


def _chat_words(message: ChatMessage) -> str:
    kind = message.kind or ChatKind.TEXT
    text = neutral(message.text or "")
    if kind is not ChatKind.TEXT:
        text = f"[{kind}] {text}".rstrip()
    return f"{message.sender or 'unknown sender'}: {text or '[no text]'}"


def _lateness(facts: RecordFacts) -> str:
    hours = facts.hours_late
    if hours is None:
        return "promise unknown"
    return f"late {int(hours)} h" if hours > 0 else f"not late, {int(-hours)} h left"


def _parcel(facts: RecordFacts) -> str:
    if facts.shipped:
        return f"handed over {_timeliness(facts.handed_over_on_time)}"
    if facts.packed:
        return f"packed {_timeliness(facts.packed_before_promise)}, not handed over"
    return "parcel unknown" if facts.packed is None else "not packed, not handed over"


def _timeliness(in_time: bool | None) -> str:
    if in_time is None:
        return "before the cancellation"
    return "in time" if in_time else "late"


def _open_question(facts: RecordFacts) -> str:
    if not facts.chat_known:
        return "chat unknown"
    hours = facts.open_question_hours
    return "no open question" if hours is None else f"buyer question unanswered {int(hours)} h"


def _longest_wait(facts: RecordFacts) -> str:
    return f"longest wait for an answer {_measure(facts.longest_unanswered_hours, 'h')}"


def _seller_calls(facts: RecordFacts) -> str:
    if not facts.calls_known:
        return "seller calls unknown"
    calls = facts.answered_seller_calls
    if not calls:
        return "seller calls answered 0"
    longest = max((call.seconds for call in calls if call.seconds is not None), default=None)
    return (
        f"seller calls answered {len(calls)}, longest {_measure(longest, 's')}, "
        f"last {calls[-1].hours_before:.1f} h before"
    )


def _other_orders(facts: RecordFacts) -> str:
    if facts.concurrent_open is None:
        return "concurrent unknown"
    return f"concurrent {facts.concurrent_open} open, {facts.same_item_cancelled} same item cancelled"


def _at(at: datetime | None, facts: RecordFacts) -> str:
    """A time relative to the cancellation, such as `-12.5h`; a promise may lie after it (`+3.0h`)."""
    if at is None:
        return "unknown"
    hours = hours_between(facts.cancelled_at, at)
    return f"{'+' if hours > 0 else '-'}{abs(hours):.1f}h"


def _or_unknown(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _measure(number: float | None, unit: str) -> str:
    return "unknown" if number is None else f"{int(number)} {unit}"


def _yes_no(flag: bool | None) -> str:
    return "unknown" if flag is None else ("yes" if flag else "no")
