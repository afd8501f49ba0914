"""The policy's rules by name, each with the verdict that it gives.

Takes: nothing. Gives: `Rule`. Does not: apply them; `marketplace.policy` does.
"""

from enum import Enum

from cases.verdict import Verdict


class Rule(Enum):
    """A rule of the labelling policy: (verdict, where the policy states it)."""

    REQUEST = (Verdict.INDUCED, "induced 1: asked to cancel in chat")
    PHONE = (Verdict.INDUCED, "induced 1 or 2: by the buyer's account of a call")
    REFUSAL = (Verdict.INDUCED, "induced 2: cannot or will not fulfil")
    STOCK_OUT = (Verdict.INDUCED, "induced 2: stock-out recorded, order left open")
    OFFER = (Verdict.INDUCED, "induced 3: an offer that needs a cancellation")
    LAPSE = (Verdict.INDUCED, "induced 4: 24 h or more late")
    SILENCE = (Verdict.INDUCED, "induced 4: a question unanswered for 24 h or more")
    STALLING = (Verdict.INDUCED, "induced 5: repeated extensions with excuses")
    PRESSURE = (Verdict.INDUCED, "induced 5: threats or pressure")
    OWN_REASON = (Verdict.NOT_INDUCED, "not_induced 1: the buyer's own cause, in chat")
    CLICKED_REASON = (
        Verdict.NOT_INDUCED,
        "not_induced 1: the buyer's own cause, clicked, less than 24 h late",
    )
    READY = (Verdict.NOT_INDUCED, "not_induced 2: shipped or packed in time")
    COURIER = (Verdict.NOT_INDUCED, "not_induced 2: the courier's delay")
    IN_TIME = (Verdict.NOT_INDUCED, "not_induced 3: within the promised time")
    ASKED_FOR_CHANGE = (Verdict.NOT_INDUCED, "not_induced 4: a change was asked for")
    KEPT = (Verdict.NOT_INDUCED, "not_induced 5: the seller tried to keep the order")
    ANSWERED = (Verdict.NOT_INDUCED, "not_induced 6: less than 24 h late, questions answered")
    CALL = (Verdict.INCONCLUSIVE, "inconclusive 1: an unexplained call")
    CONFLICT = (Verdict.INCONCLUSIVE, "inconclusive 2: contradicting accounts")
    UNREADABLE = (Verdict.INCONCLUSIVE, "inconclusive 3: nothing readable, a mild delay at most")
    MOVED = (Verdict.INCONCLUSIVE, "inconclusive 4: moved to another app")
    MILDLY_LATE_UNANSWERED = (
        Verdict.INCONCLUSIVE,
        "tie-break: less than 24 h late and less than 24 h unanswered",
    )
    BLAMED_UNHEARD = (Verdict.INCONCLUSIVE, "the click blames the seller and nothing else speaks")
    NOTHING_DECIDES = (Verdict.INCONCLUSIVE, "the record does not allow either verdict")

    @property
    def verdict(self) -> Verdict:
        """The verdict that the rule gives."""
        return self.value[0]
