"""What each dialogue act means, in plain English: the vocabulary of the reading exercises.

Takes: acts. Gives: glosses. Does not: judge, or word an act (language packs do).
"""

from collections.abc import Iterable
from types import MappingProxyType

from marketplace.acts import Act

GLOSSES = MappingProxyType(
    {
        Act.S_ASK_CANCEL: "asks the buyer to cancel",
        Act.S_ASK_CANCEL_INDIRECT: "hints that the buyer should cancel",
        Act.S_CANCEL_IF_CANT_WAIT: "says cancel if you cannot wait",
        Act.S_CLAIM_OOS: "says it is out of stock",
        Act.S_CANNOT_FULFIL: "says it cannot fulfil the order",
        Act.S_OFFER_VARIANT_NEW_ORDER: "offers another variant under a new order",
        Act.S_OFFER_REORDER: "offers to cancel and reorder",
        Act.S_PRICE_ERROR: "says the price or listing was wrong",
        Act.S_OFFPLATFORM_OFFER: "offers to pay outside the platform",
        Act.S_REFUSE_SHIP: "refuses to ship",
        Act.S_EXCUSE_DELAY: "makes an excuse for the delay",
        Act.S_PRESSURE_THREAT: "threatens or presses the buyer",
        Act.S_COACH_REASON: "tells the buyer which reason to click",
        Act.S_MOVE_TO_APP: "moves the talk to another app",
        Act.S_ALLUDE_CALL: "mentions a phone call",
        Act.S_PROMISE_TODAY: "promises to ship today",
        Act.S_PROMISE_DATE: "promises a date",
        Act.S_ASK_SHORT_WAIT: "asks to wait a short time",
        Act.S_ALREADY_PACKED: "says it is packed already",
        Act.S_ALREADY_SHIPPED: "says it is shipped already",
        Act.S_COURIER_DELAY: "says the courier is late",
        Act.S_TRACKING_UPDATE: "gives a tracking update",
        Act.S_OFFER_VARIANT_SAME_ORDER: "offers another variant in the same order",
        Act.S_TRIED_KEEP: "tries to keep the order",
        Act.S_GREETING: "greets",
        Act.S_ANSWER_QUESTION: "answers about the product",
        Act.S_ANSWER_STATUS: "answers about the order",
        Act.S_ASK_STILL_WANT: "asks if the buyer still wants it",
        Act.S_CHANGE_NEEDS_NEW_ORDER: "says a change needs a new order",
        Act.S_EXPLAIN_HOW_TO_CANCEL: "explains how to cancel",
        Act.S_ACK: "says okay",
        Act.S_DENY_SAID: "denies having said so",
        Act.S_AUTO_REPLY: "sends an automatic reply",
        Act.S_SMALL_TALK: "makes small talk",
        Act.S_DECOY: "speaks of another matter",
        Act.B_CHANGE_MIND: "changed their mind",
        Act.B_FOUND_CHEAPER: "found a better price",
        Act.B_WRONG_ITEM: "ordered the wrong item",
        Act.B_WRONG_ADDRESS: "gave the wrong address",
        Act.B_DUPLICATE: "ordered twice",
        Act.B_PAYMENT_PROBLEM: "has trouble with the payment",
        Act.B_ASK_CHANGE: "asks for a change",
        Act.B_TOO_SLOW_CANCEL: "cancels because it is too slow",
        Act.B_REPORT_PHONE_REQUEST: "says the seller asked by phone to cancel",
        Act.B_REPORT_PHONE_OOS: "says the seller said by phone it is out of stock",
        Act.B_GREETING: "greets",
        Act.B_ASK_WHEN_SHIP: "asks when it ships",
        Act.B_CHASE: "asks again for an answer",
        Act.B_ANGRY: "is angry",
        Act.B_PRODUCT_QUESTION: "asks about the product",
        Act.B_ASK_STOCK: "asks if it is in stock",
        Act.B_AGREE_CANCEL: "agrees to cancel",
        Act.B_REFUSE_CANCEL: "does not want to cancel",
        Act.B_AGREE_WAIT: "agrees to wait",
        Act.B_ANNOUNCE_CANCEL: "says they will cancel",
        Act.B_THANKS: "thanks",
        Act.B_SMALL_TALK: "makes small talk",
        Act.B_ACCEPT_VARIANT: "accepts another variant",
        Act.B_MENTIONS_SELLER_ASKED: "says the seller asked for it",
        Act.B_DECOY: "speaks of another matter",
        Act.X_HOSTILE_FOR_SELLER: "tries to steer the reviewer for the seller",
        Act.X_HOSTILE_FOR_BUYER: "tries to steer the reviewer for the buyer",
        Act.X_NEUTRAL_FILLER: "pastes unrelated text",
    }
)
"""Every act's gloss; two acts share one only where nothing hangs on the difference."""


def gloss(acts: Iterable[Act]) -> str:
    """The glosses of a line's acts, in order, each once; "nothing readable" when there is none."""
    said = dict.fromkeys(GLOSSES[act] for act in acts)
    return "; ".join(said) or "nothing readable"
