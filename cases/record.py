"""What the record itself says, without reading a word: lateness, silence, calls, stock, other orders.

Takes: a `Case`. Gives: `RecordFacts`, the quantities that narrative, features, rules and the simulator's truth
share, so that they can never disagree. Does not: read chat text, or judge. Unknown is None, never zero.

The limits are those of the labelling policy, version 1.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cases.case import (
    CallDirection,
    Case,
    ChatMessage,
    ConcurrentOrder,
    FulfillmentEvent,
    FulfillmentKind,
    Sender,
)
from cases.cutoff import at_cancellation
from cases.waits import UnansweredRun, hours_between, is_readable, is_unreadable, unanswered_runs

LONG_DELAY_HOURS = 24.0
LONG_SILENCE_HOURS = 24.0
REPEATED_EXTENSIONS = 2
TELLING_CALL_SECONDS = 20.0
TELLING_CALL_WINDOW_HOURS = 6.0


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A call that was answered; `seconds` None: its length is unknown."""

    hours_before: float
    seconds: float | None


def record_facts(case: Case, *, not_answers: frozenset[ChatMessage] = frozenset()) -> "RecordFacts":
    """The facts of `case`, cut at its cancellation.

    `not_answers` are seller messages known to be no answer (auto-replies); without them every one counts as one.
    """
    return RecordFacts(at_cancellation(case).case, not_answers)


@dataclass(frozen=True)
class RecordFacts:
    """The record at the cancellation; `case` must have been cut (`record_facts` does it).

    Hours are real numbers. "hours_before" counts back from the cancellation.
    """

    case: Case
    not_answers: frozenset[ChatMessage] = frozenset()

    # --- the promise and the parcel -----------------------------------------------------------------

    @property
    def cancelled_at(self) -> datetime:
        """The end of everything that counts."""
        return self.case.order.cancelled_at

    @property
    def hours_open(self) -> float:
        """From placing to cancelling."""
        return hours_between(self.case.order.placed_at, self.cancelled_at)

    @property
    def fulfillment_known(self) -> bool:
        """Is there a fulfilment record, be it an empty one?"""
        return self.case.fulfillment is not None

    @cached_property
    def promised_at(self) -> datetime | None:
        """The first promise: the order's own, else the deadline that the first `deadline_set` names."""
        if self.case.order.promised_ship_at is not None:
            return self.case.order.promised_ship_at
        deadlines = (e.new_deadline for e in self.events(FulfillmentKind.DEADLINE_SET))
        return next((deadline for deadline in deadlines if deadline is not None), None)

    @cached_property
    def hours_late(self) -> float | None:
        """The handover (the cancellation, while nothing is handed over) minus the first promise.

        Negative: time left, or how early the handover was. None: no promise is known.
        """
        if self.promised_at is None:
            return None
        return hours_between(self.promised_at, self.handed_over_at or self.cancelled_at)

    @cached_property
    def latest_deadline(self) -> datetime | None:
        """The deadline named last (the first promise if no event names one): it counts if the buyer agreed to it."""
        named = [e.new_deadline for e in self.case.fulfillment or () if e.new_deadline is not None]
        return named[-1] if named else self.promised_at

    @cached_property
    def hours_late_latest(self) -> float | None:
        """As `hours_late`, counted from the latest deadline."""
        if self.latest_deadline is None:
            return None
        return hours_between(self.latest_deadline, self.handed_over_at or self.cancelled_at)

    @property
    def extensions(self) -> int | None:
        """How often the deadline was extended."""
        return len(self.events(FulfillmentKind.DEADLINE_EXTENDED)) if self.fulfillment_known else None

    @property
    def stock_out_recorded(self) -> bool | None:
        """Was a stock-out recorded while the order was open?"""
        return bool(self.events(FulfillmentKind.STOCK_OUT)) if self.fulfillment_known else None

    @cached_property
    def packed_at(self) -> datetime | None:
        """When the parcel was first recorded as packed."""
        return min((e.at for e in self.events(FulfillmentKind.PACKED) if e.at is not None), default=None)

    @cached_property
    def handed_over_at(self) -> datetime | None:
        """When the courier first had the parcel: `shipped_at`, `handed_over` or `in_transit`, the earliest."""
        kinds = (FulfillmentKind.HANDED_OVER, FulfillmentKind.IN_TRANSIT)
        times = [e.at for e in self.events(*kinds) if e.at is not None]
        shipped_at = self.case.order.shipped_at
        return min(times if shipped_at is None else [*times, shipped_at], default=None)

    @property
    def packed(self) -> bool | None:
        """Was the parcel packed? None: not recorded, and no record that would show it."""
        return True if self.packed_at is not None else (False if self.fulfillment_known else None)

    @property
    def shipped(self) -> bool | None:
        """Had the courier the parcel? None: no such time, and no record that would show it."""
        return True if self.handed_over_at is not None else (False if self.fulfillment_known else None)

    @property
    def packed_before_promise(self) -> bool | None:
        """Packed within the promised time? None: unknown."""
        return self._in_time(self.packed_at, happened=self.packed)

    @property
    def handed_over_on_time(self) -> bool | None:
        """Handed over within the promised time? None: unknown."""
        return self._in_time(self.handed_over_at, happened=self.shipped)

    def _in_time(self, at: datetime | None, *, happened: bool | None) -> bool | None:
        if at is None:
            return happened
        return None if self.promised_at is None else at <= self.promised_at

    def events(self, *kinds: FulfillmentKind) -> tuple[FulfillmentEvent, ...]:
        """The fulfilment events of these kinds, earliest first; empty also when there is no record."""
        return tuple(e for e in self.case.fulfillment or () if e.event in kinds)

    # --- the chat ---------------------------------------------------------------------------------

    @property
    def chat_known(self) -> bool:
        """Is there a chat record, be it an empty one?"""
        return self.case.chat is not None

    @cached_property
    def buyer_messages(self) -> tuple[ChatMessage, ...]:
        """The buyer's messages of every kind, earliest first."""
        return tuple(m for m in self.case.chat or () if m.sender is Sender.BUYER)

    @cached_property
    def seller_messages(self) -> tuple[ChatMessage, ...]:
        """The seller's messages of every kind, earliest first."""
        return tuple(m for m in self.case.chat or () if m.sender is Sender.SELLER)

    @cached_property
    def chat_readable_messages(self) -> int:
        """Messages of buyer and seller with visible text."""
        return sum(is_readable(m) for m in (*self.buyer_messages, *self.seller_messages))

    @cached_property
    def chat_unreadable_messages(self) -> int:
        """Pictures, stickers and voice notes of buyer and seller that carry no text."""
        return sum(is_unreadable(m) for m in (*self.buyer_messages, *self.seller_messages))

    @cached_property
    def unanswered_runs(self) -> tuple[UnansweredRun, ...]:
        """Every run of buyer messages up to the seller's next message that is an answer; a call is none."""
        return unanswered_runs(self.case.chat or (), self.cancelled_at, self.not_answers)

    @property
    def open_question_hours(self) -> float | None:
        """Age of the oldest buyer message after the seller's last; None: none is open, or no chat is known."""
        last = self.unanswered_runs[-1] if self.unanswered_runs else None
        return None if last is None or last.answered else last.hours

    @property
    def longest_unanswered_hours(self) -> float | None:
        """The longest that a buyer message waited, answered in the end or not; 0 without any, None: chat unknown."""
        return max((run.hours for run in self.unanswered_runs), default=0.0) if self.chat_known else None

    # --- calls, other orders, the seller -------------------------------------------------------------

    @property
    def calls_known(self) -> bool:
        """Is there a call list, be it an empty one?"""
        return self.case.calls is not None

    @cached_property
    def answered_seller_calls(self) -> tuple[AnsweredCall, ...]:
        """Calls from the seller that the buyer is known to have answered, earliest first."""
        return tuple(
            AnsweredCall(hours_between(call.at, self.cancelled_at), call.seconds)
            for call in self.case.calls or ()
            if call.at is not None and call.answered and call.direction is CallDirection.SELLER_TO_BUYER
        )

    @cached_property
    def open_orders(self) -> tuple[ConcurrentOrder, ...]:
        """The seller's other orders neither shipped nor cancelled by then."""
        others = self.case.concurrent_orders or ()
        return tuple(o for o in others if o.shipped_at is None and o.cancelled_at is None)

    @property
    def concurrent_open(self) -> int | None:
        """How many other orders were open; None: no list is known."""
        return None if self.case.concurrent_orders is None else len(self.open_orders)

    @property
    def same_item_cancelled(self) -> int | None:
        """Other orders of the same item that were cancelled by then; None: no list is known."""
        others = self.case.concurrent_orders
        return (
            None if others is None else sum(bool(o.same_item) and o.cancelled_at is not None for o in others)
        )

    @property
    def cancelled_share_30d(self) -> float | None:
        """The seller's cancelled orders over all its orders of 30 days; None: unknown, or there were no orders."""
        seller = self.case.seller
        if seller is None or not seller.orders_30d or seller.cancelled_30d is None:
            return None
        return seller.cancelled_30d / seller.orders_30d

    # --- the policy's limits -------------------------------------------------------------------------

    @property
    def is_long_late(self) -> bool:
        """Induced rule 4: handover 24 h or more past the first promise."""
        return self.hours_late is not None and self.hours_late >= LONG_DELAY_HOURS

    @property
    def is_long_silent(self) -> bool:
        """Induced rule 4: buyer messages stayed unanswered for 24 h or more."""
        return (self.longest_unanswered_hours or 0.0) >= LONG_SILENCE_HOURS

    @property
    def has_repeated_extensions(self) -> bool:
        """Tie-break: two extensions or more are "repeated"."""
        return (self.extensions or 0) >= REPEATED_EXTENSIONS

    @property
    def has_telling_call(self) -> bool:
        """Inconclusive rule 1: an answered call of 20 s or more from the seller, up to 6 h before the cancellation."""
        return any(
            (call.seconds or 0.0) >= TELLING_CALL_SECONDS and call.hours_before <= TELLING_CALL_WINDOW_HOURS
            for call in self.answered_seller_calls
        )

    @property
    def ready_in_time(self) -> bool:
        """Not_induced rule 2: handed over, or packed and ready, within the promised time."""
        return bool(self.handed_over_on_time or self.packed_before_promise)

    @property
    def only_unreadable_chat(self) -> bool:
        """Inconclusive rule 3: something was sent, and all of it pictures, stickers or voice notes."""
        return self.chat_unreadable_messages > 0 and self.chat_readable_messages == 0
