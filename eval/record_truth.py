"""What is true of a simulated case, as far as record and uttered acts tell: the yardstick of faithfulness.

Takes: a `SimulatedCase`. Gives: `RecordTruth`, one question a property. Does not: read the label or its reasoning.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from cases.record import RecordFacts
from marketplace.acts import PHONE_REPORTS, REFUSALS, REQUESTS, Act
from marketplace.evidence import Evidence, evidence_of
from marketplace.simulate import SimulatedCase

_WHOLE_UNIT: Final = 1.0
_TENTH: Final = 0.1


@dataclass(frozen=True)
class RecordTruth:
    """Hours are real numbers; a statement's whole number is right when it is less than one unit off."""

    evidence: Evidence

    @classmethod
    def of(cls, simulated: SimulatedCase) -> Self:
        """The truth about one case."""
        return cls(evidence_of(simulated.case, simulated.acts))

    @property
    def _facts(self) -> RecordFacts:
        return self.evidence.facts

    @cached_property
    def _lateness_h(self) -> tuple[float, ...]:
        """Counted from the first promise and, where the buyer agreed to a later date, from that."""
        found = (self._facts.hours_late, self.evidence.hours_late)
        return tuple(hours for hours in found if hours is not None)

    def is_late_by(self, hours: float) -> bool:
        """Was the handover (or the cancellation) that late?"""
        return any(late > 0 and abs(late - hours) < _WHOLE_UNIT for late in self._lateness_h)

    def has_left(self, hours: float) -> bool:
        """Was that much of the promised time left?"""
        return any(late <= 0 and abs(-late - hours) < _WHOLE_UNIT for late in self._lateness_h)

    @property
    def promise_unknown(self) -> bool:
        """Is no promised time on record?"""
        return self._facts.promised_at is None

    def was_silent_for(self, hours: float) -> bool:
        """Did a message of the buyer wait that long for a real answer, or for any?"""
        waits = (
            self.evidence.silence.hours,
            self._facts.longest_unanswered_hours,
            self._facts.open_question_hours,
        )
        return any(wait is not None and abs(wait - hours) < _WHOLE_UNIT for wait in waits)

    @property
    def seller_asked(self) -> bool:
        """Did the seller ask the buyer to cancel, in words that can be read?"""
        return bool(self.evidence.requests) or self.evidence.said(*REQUESTS)

    @property
    def seller_invited(self) -> bool:
        """Did the seller ask, or say that the buyer may cancel if it cannot wait?"""
        return self.seller_asked or self.evidence.said(Act.S_CANCEL_IF_CANT_WAIT)

    @property
    def no_request_or_refusal(self) -> bool:
        """Did the seller neither ask nor refuse, up to the buyer's own decision to cancel?"""
        return not self.evidence.requests and not self.evidence.refusals

    def has_call(self, seconds: float, hours_before: float) -> bool:
        """Is there an answered call of the seller of that length, that long before the cancellation?"""
        return any(
            abs((call.seconds or 0.0) - seconds) < _WHOLE_UNIT
            and abs(call.hours_before - hours_before) <= _TENTH
            for call in self._facts.answered_seller_calls
        )

    @property
    def rang(self) -> bool:
        """Is there any answered call of the seller, or its own word of one?"""
        return bool(self._facts.answered_seller_calls) or self.call_alluded

    @property
    def call_alluded(self) -> bool:
        """Did the seller's chat point to a call?"""
        return self.evidence.said(Act.S_ALLUDE_CALL)

    @property
    def phone_reported(self) -> bool:
        """Did the buyer report in chat what it was told by phone?"""
        return self.evidence.said(*PHONE_REPORTS)

    @property
    def phone_denied(self) -> bool:
        """Did the seller deny it?"""
        return self.evidence.said(Act.S_DENY_SAID)

    @property
    def stock_out_recorded(self) -> bool:
        """Does the fulfilment record hold a stock-out?"""
        return bool(self._facts.stock_out_recorded)

    @property
    def stock_out_claimed(self) -> bool:
        """Did the seller say that it is out of stock, or that it cannot fulfil?"""
        return self.evidence.said(*REFUSALS & {Act.S_CLAIM_OOS, Act.S_CANNOT_FULFIL})

    @property
    def extensions(self) -> int | None:
        """How often the deadline was extended."""
        return self._facts.extensions
