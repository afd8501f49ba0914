"""What an annotator has before them: the record's facts, and the acts that the readable chat lines do.

Takes: a `Case` and its `UtteredAct`s. Gives: `Evidence`, the questions that the labelling policy asks of a case,
answered. Does not: judge (`marketplace.policy` does), see hidden causes, or read wordings.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from cases.case import BuyerReason, Case, Sender
from cases.record import LONG_DELAY_HOURS, LONG_SILENCE_HOURS, record_facts
from cases.waits import hours_between, is_readable
from marketplace.acts import (
    DECISIONS,
    NO_ANSWER,
    OWN_REASONS,
    PHONE_REPORTS,
    Act,
)
from marketplace.silence import Silence, longest_silence
from marketplace.talk import Talk, UtteredAct

_SAYS_NOTHING = frozenset(
    {
        Act.B_GREETING,
        Act.S_GREETING,
        Act.B_THANKS,
        Act.S_ACK,
        Act.B_SMALL_TALK,
        Act.S_SMALL_TALK,
        Act.S_AUTO_REPLY,
        Act.X_HOSTILE_FOR_SELLER,
        Act.X_HOSTILE_FOR_BUYER,
        Act.X_NEUTRAL_FILLER,
    }
)
_PASTED = frozenset({Act.X_HOSTILE_FOR_SELLER, Act.X_HOSTILE_FOR_BUYER, Act.X_NEUTRAL_FILLER})
OWN_CLICKS = frozenset(
    {
        BuyerReason.CHANGE_OF_MIND,
        BuyerReason.FOUND_CHEAPER,
        BuyerReason.WRONG_ITEM_OR_ADDRESS,
        BuyerReason.PAYMENT_PROBLEM,
    }
)
_ALLUSION_WINDOW_HOURS = 6.0
_UNREADABLE_AT_LEAST = 2


def evidence_of(case: Case, acts: tuple[UtteredAct, ...]) -> "Evidence":
    """Put record and acts together; auto-replies are no answers."""
    by_line: dict[int, list[Act]] = {}
    for uttered in acts:
        by_line.setdefault(uttered.line_index, []).append(uttered.act)
    empty = [i for i, said in by_line.items() if all(act in NO_ANSWER for act in said)]
    chat = case.chat or ()
    not_answers = frozenset(chat[i] for i in empty if chat[i].sender is Sender.SELLER)
    end = case.order.cancelled_at
    counted = tuple(sorted((a for a in acts if a.at <= end), key=lambda a: a.line_index))
    return Evidence(record_facts(case, not_answers=not_answers), counted)


@dataclass(frozen=True)
class Evidence(Talk):
    """The policy's questions about one case. `acts` are in order of the chat."""

    # --- the buyer's own account ----------------------------------------------------------------------

    @cached_property
    def own_reasons(self) -> tuple[Act, ...]:
        """Causes of its own that the buyer names in the chat; a wish that was granted or ignored for a day is none."""
        reasons = [a.act for a in self.acts if a.act in OWN_REASONS - {Act.B_ASK_CHANGE}]
        if self._change_was_refused and not self.said(Act.B_TOO_SLOW_CANCEL):
            reasons.append(Act.B_ASK_CHANGE)
        return tuple(dict.fromkeys(reasons))

    @property
    def own_click(self) -> BuyerReason | None:
        """The clicked cause of its own; words beat the click, so not when the buyer writes that it was too slow."""
        click = self.facts.case.order.buyer_reason
        return click if click in OWN_CLICKS and not self.said(Act.B_TOO_SLOW_CANCEL) else None

    @cached_property
    def _change_was_refused(self) -> bool:
        asked = next((i for i, a in enumerate(self.acts) if a.act is Act.B_ASK_CHANGE), None)
        if asked is None:
            return False
        later = [
            a.act for a in self.acts[asked + 1 :] if a.sender is Sender.SELLER and a.act not in NO_ANSWER
        ]
        if Act.S_CHANGE_NEEDS_NEW_ORDER in later:
            return True
        return not later and self.silence.hours < LONG_SILENCE_HOURS

    @cached_property
    def phone_reports(self) -> tuple[UtteredAct, ...]:
        """What the buyer says it was told outside the chat, if the call list allows it."""
        reports = tuple(a for a in self.acts if a.act in PHONE_REPORTS)
        if not reports or not self.facts.calls_known:
            return reports
        said_at = reports[-1].at
        rung = any(
            self.facts.cancelled_at - timedelta(hours=call.hours_before) <= said_at
            for call in self.facts.answered_seller_calls
        )
        return reports if rung else ()

    @cached_property
    def report_denied(self) -> bool:
        """A flat denial after the report makes it a conflicting account."""
        if not self.phone_reports:
            return False
        return any(a.act is Act.S_DENY_SAID and a.at >= self.phone_reports[0].at for a in self.acts)

    # --- lateness and silence ---------------------------------------------------------------------------

    @cached_property
    def agreed_to_wait(self) -> bool:
        """Did the buyer agree in chat to a later date than the first promise?"""
        promise = self.facts.promised_at
        final = self.promise_at(self.facts.cancelled_at)
        return promise is not None and final is not None and final > promise

    @cached_property
    def hours_late(self) -> float | None:
        """Handover, or cancellation, minus the promise in force; negative is time left, None unknown."""
        first, late = self.facts.promised_at, self.facts.hours_late
        agreed = self.promise_at(self.facts.cancelled_at)
        if first is None or late is None or agreed is None:
            return None
        return late - hours_between(first, agreed)

    @cached_property
    def long_late(self) -> bool:
        """24 h or more past the promise in force."""
        return self.hours_late is not None and self.hours_late >= LONG_DELAY_HOURS

    @cached_property
    def silence(self) -> Silence:
        """How long a question about the order waited."""
        by_line: dict[int, frozenset[Act]] = {}
        for uttered in self.acts:
            by_line[uttered.line_index] = by_line.get(uttered.line_index, frozenset()) | {uttered.act}
        return longest_silence(self.facts.case.chat or (), by_line, self.facts.cancelled_at)

    @cached_property
    def asked_about_order(self) -> bool:
        """Did the buyer ask anything about the order?"""
        return self.silence.asked

    @cached_property
    def answered(self) -> bool:
        """Has every question about the order been answered by now, and was there one?"""
        return self.asked_about_order and not self.silence.still_open

    # --- the parcel, calls, other apps, what cannot be read -----------------------------------------------

    @cached_property
    def ready_in_time(self) -> bool:
        """Handed over or packed within the promised time, by the record or by the seller's word before its end."""
        if self.facts.ready_in_time:
            return True
        handed_late = self.facts.handed_over_on_time is False and self.facts.handed_over_at is not None
        if handed_late or self.facts.promised_at is None:
            return False
        ready = {Act.S_ALREADY_PACKED, Act.S_ALREADY_SHIPPED}
        promise = self.promise_at(self.facts.cancelled_at)
        told = [a for a in self.acts if a.act in ready and promise is not None and a.at <= promise]
        return bool(told)

    @cached_property
    def courier_late(self) -> bool:
        """A courier's delay after the seller had done its part in time."""
        if not self.ready_in_time:
            return False
        late_pickup = (self.hours_late or -1.0) > 0  # it lay ready in time
        return late_pickup or self.said(Act.S_COURIER_DELAY)

    @cached_property
    def unexplained_call(self) -> bool:
        """A telling call from the seller (or, without a call list, the seller's word of one), and no cause in chat."""
        if self.said(Act.B_TOO_SLOW_CANCEL, *OWN_REASONS - {Act.B_ASK_CHANGE}):
            return False
        if self.facts.has_telling_call:
            return True
        return not self.facts.calls_known and any(
            a.act is Act.S_ALLUDE_CALL
            and hours_between(a.at, self.facts.cancelled_at) <= _ALLUSION_WINDOW_HOURS
            for a in self.acts
        )

    @cached_property
    def moved_away(self) -> bool:
        """The talk went to another app and no cause had been named in the chat before."""
        moved = next((i for i, a in enumerate(self.acts) if a.act is Act.S_MOVE_TO_APP), None)
        return moved is not None and not any(a.act in DECISIONS | OWN_REASONS for a in self.acts[:moved])

    @cached_property
    def unreadable(self) -> bool:
        """All that the seller sent is pictures, stickers and voice notes, and the buyer names no cause in writing.

        A greeting, an "ok" or pasted text between them does not change that.
        """
        if self.facts.chat_unreadable_messages > 0 and self.kinds <= _PASTED:
            return True
        if self.facts.chat_unreadable_messages >= _UNREADABLE_AT_LEAST and self.kinds <= _SAYS_NOTHING:
            return True
        hidden = any(not is_readable(m) for m in self.facts.seller_messages)
        wrote = any(a.sender is Sender.SELLER and a.act not in _SAYS_NOTHING for a in self.acts)
        return hidden and not wrote and not self.own_reasons and Act.B_TOO_SLOW_CANCEL not in self.kinds
