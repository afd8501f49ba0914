"""Who began: what the seller said to a buyer who had not yet decided, and which promise was in force.

Takes: a record's facts and the acts of its readable chat. Gives: `Talk`, the first half of an annotator's questions.
Does not: judge, or read wordings; `marketplace.evidence` asks the rest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from cases.case import Sender
from cases.record import RecordFacts
from cases.waits import is_readable
from marketplace.acts import (
    CANCELLING_OFFERS,
    DECISIONS,
    NAMES_A_DATE,
    OWN_REASONS,
    REFUSALS,
    REQUESTS,
    Act,
)

_DATE_BEFORE = timedelta(hours=12)
_DATE_AFTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class UtteredAct:
    """One act in the readable chat. `line_index` counts in `case.chat`; `until` is the handover that it names."""

    at: datetime
    sender: Sender
    act: Act
    line_index: int
    until: datetime | None = None


@dataclass(frozen=True)
class Talk:
    """Facts and acts, the acts in order of the chat."""

    facts: RecordFacts
    acts: tuple[UtteredAct, ...]

    def said(self, *wanted: Act) -> bool:
        """Was one of these acts uttered at all?"""
        return any(a.act in wanted for a in self.acts)

    @cached_property
    def kinds(self) -> frozenset[Act]:
        """All acts uttered."""
        return frozenset(a.act for a in self.acts)

    # --- who began ----------------------------------------------------------------------------------

    @cached_property
    def decision(self) -> int:
        """Where in the acts the buyer first says, unprompted, that it cancels; the length of the acts if never."""
        return next((i for i, a in enumerate(self.acts) if a.act in DECISIONS), len(self.acts))

    @cached_property
    def requests(self) -> tuple[UtteredAct, ...]:
        """Acts by which the seller asks for the cancellation of a buyer who has not itself decided to cancel."""
        return tuple(a for i, a in enumerate(self.acts[: self.decision_or_exit]) if self._requests(i, a))

    @cached_property
    def refusals(self) -> tuple[UtteredAct, ...]:
        """Acts by which the seller says, to a buyer who has not itself decided, that it cannot or will not fulfil."""
        return tuple(a for a in self.acts[: self.decision_or_exit] if a.act in REFUSALS)

    @cached_property
    def offers(self) -> tuple[UtteredAct, ...]:
        """Offers that need a cancellation, made to a buyer who has not itself decided."""
        return tuple(a for a in self.acts[: self.decision_or_exit] if a.act in CANCELLING_OFFERS)

    @cached_property
    def decision_or_exit(self) -> int:
        """Acts before this index can induce: the buyer's decision ends them, unless the seller came first."""
        for i, a in enumerate(self.acts[: self.decision]):
            if a.act in REFUSALS | CANCELLING_OFFERS | {Act.S_PRESSURE_THREAT} or self._requests(i, a):
                return len(self.acts)
        return self.decision

    def _requests(self, index: int, uttered: UtteredAct) -> bool:
        if uttered.act in REQUESTS:
            return True
        if uttered.act is Act.S_EXPLAIN_HOW_TO_CANCEL:
            return not self._buyer_may_have_decided(index)
        return uttered.act is Act.S_CANCEL_IF_CANT_WAIT and self._invites(uttered)

    def _buyer_may_have_decided(self, index: int) -> bool:
        """Has the buyer said so before, or sent something that cannot be read?"""
        before = self.facts.case.chat[: self.acts[index].line_index] if self.facts.case.chat else ()
        hidden = any(m.sender is Sender.BUYER and not is_readable(m) for m in before)
        return hidden or any(a.act in DECISIONS | OWN_REASONS for a in self.acts[:index])

    def _invites(self, uttered: UtteredAct) -> bool:
        """Words like "may cancel if you can't wait" is a request unless a date in the promised time is named."""
        done = [at for at in (self.facts.packed_at, self.facts.handed_over_at) if at is not None]
        if any(at > uttered.at for at in done):
            return False  # the seller then did its part: nothing was left to cancel for
        promise = self.promise_at(uttered.at)
        if promise is not None and uttered.at > promise:
            return True
        dates = [
            a.until
            for a in self.acts
            if a.act in NAMES_A_DATE
            and a.until is not None
            and uttered.at - _DATE_BEFORE <= a.at <= uttered.at + _DATE_AFTER
        ]
        if not dates:
            return True
        return promise is not None and dates[-1] > promise

    @cached_property
    def presses(self) -> bool:
        """Threats and "you will wait weeks", to a buyer who has not itself decided."""
        return any(a.act is Act.S_PRESSURE_THREAT for a in self.acts[: self.decision_or_exit])

    # --- the promise in force ------------------------------------------------------------------------

    def promise_at(self, at: datetime) -> datetime | None:
        """The promise in force at a moment: the first one, or a later date to which the buyer had agreed in chat."""
        promise = self.facts.promised_at
        if promise is None:
            return None
        for index, uttered in enumerate(self.acts):
            if uttered.act is Act.B_AGREE_WAIT and uttered.at <= at:
                promise = max([promise, *self._dates_before(index, uttered.at)])
        return promise

    def _dates_before(self, index: int, at: datetime) -> list[datetime]:
        """The dates on the table when the buyer agreed: named in the chat, or set by an extension before it."""
        named = [a.until for a in self.acts[:index] if a.act in NAMES_A_DATE and a.until is not None][-1:]
        moved = [
            e.new_deadline
            for e in self.facts.case.fulfillment or ()
            if e.at and e.at <= at and e.new_deadline
        ][-1:]
        return [*named, *moved]
