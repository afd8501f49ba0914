"""The English wordings of everything a reasoning may state; each statement can be checked against the record.

Takes: nothing. Gives: `WORDINGS`, several templates a statement, with slots.
Does not: choose among them or fill them; `marketplace.reasoning` does.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType


class Says(Enum):
    """A kind of statement."""

    ASKED = auto()
    COACHED = auto()
    INVITED = auto()
    OUT_OF_STOCK = auto()
    REFUSED = auto()
    PRICE_ERROR = auto()
    LEFT_TO_BUYER = auto()
    REORDER = auto()
    OFF_PLATFORM = auto()
    PRESSED = auto()
    STOCK_OUT = auto()
    STALLED = auto()
    EXCUSES = auto()
    PHONE_SAID = auto()
    CALL = auto()
    CALL_UNEXPLAINED = auto()
    CALL_ALLUDED = auto()
    LATE = auto()
    IN_TIME = auto()
    HANDED_OVER_EARLY = auto()
    PROMISE_UNKNOWN = auto()
    AGREED_LATER = auto()
    IGNORED = auto()
    ANSWERED = auto()
    UNANSWERED = auto()
    NO_OTHER_CAUSE = auto()
    NO_UPDATE = auto()
    OVERLOADED = auto()
    SAME_ITEM = auto()
    HIGH_RATIO = auto()
    CLICK_OUTWEIGHED = auto()
    CLICK_ALONE = auto()
    CHANGED_MIND = auto()
    CHEAPER = auto()
    WRONG = auto()
    DUPLICATE = auto()
    PAYMENT = auto()
    CHANGE_ASKED = auto()
    READY = auto()
    COURIER = auto()
    KEPT = auto()
    NO_REQUEST = auto()
    CONFLICT = auto()
    MOVED = auto()
    UNREADABLE = auto()
    BLAMED = auto()
    UNDECIDED = auto()
    MANIPULATION = auto()
    DECIDES = auto()
    NOT_SELLER = auto()
    NOTHING_MORE = auto()


WORDINGS: Mapping[Says, tuple[str, ...]] = MappingProxyType(
    {
        Says.ASKED: (
            "The seller asked the buyer to cancel",
            "In the chat the seller asked the buyer to cancel the order",
            "The seller asked the buyer to cancel from the buyer's side",
            "The cancellation was the seller's wish: it asked the buyer to cancel",
        ),
        Says.COACHED: (
            "It also told the buyer which reason to click",
            "The reason to click was dictated by the seller",
            "The seller coached the clicked reason as well",
        ),
        Says.INVITED: (
            "Without a date in the promised time the seller invited the buyer to cancel, which is a request",
            "The seller named no date in the promised time and said the buyer may cancel, which is a request",
        ),
        Says.OUT_OF_STOCK: (
            "The seller said the item is out of stock",
            "The seller claimed that the item is out of stock",
            "According to the seller the stock is gone",
        ),
        Says.REFUSED: (
            "The seller said that it would not ship the order",
            "The seller refused to ship",
            "The seller declared that it cannot fulfil the order",
        ),
        Says.PRICE_ERROR: (
            "The seller called the price a listing error",
            "The seller would not honour the price and spoke of a listing error",
        ),
        Says.LEFT_TO_BUYER: (
            "The cancelling was left to the buyer",
            "It left it to the buyer to cancel",
            "The buyer was left to do the cancelling",
        ),
        Says.REORDER: (
            "The seller offered a new order in place of this one, which needs a cancellation",
            "The seller proposed to cancel and reorder",
        ),
        Says.OFF_PLATFORM: (
            "The seller offered to deal outside the platform, which needs a cancellation",
            "The seller wanted to be paid outside the platform instead of through this order",
        ),
        Says.PRESSED: (
            "The seller put the buyer under pressure",
            "The seller pressed the buyer with threats or endless waiting",
        ),
        Says.STOCK_OUT: (
            "A stock-out is recorded while the order was left open",
            "The record holds a stock-out, yet the order stayed open for the buyer to cancel",
        ),
        Says.STALLED: (
            "The seller stalled with {count} extensions",
            "There were {count} extensions of the deadline",
            "The deadline was moved {count} times",
        ),
        Says.EXCUSES: (
            "The seller gave excuses for the delay",
            "Its messages held excuses in place of a parcel",
        ),
        Says.PHONE_SAID: (
            "The buyer reports what the seller told it by phone, and nobody denies it",
            "By the buyer's uncontradicted account the inducement came by phone",
        ),
        Says.CALL: (
            "The list shows an answered call of {seconds} s {before} h before the cancellation",
            "There was an answered call from the seller of {seconds} s, {before} h before",
        ),
        Says.CALL_UNEXPLAINED: (
            "Neither chat nor fulfilment tells what the call was about",
            "Nothing on record says why the seller rang",
        ),
        Says.CALL_ALLUDED: (
            "The seller alludes to a call shortly before the cancellation that the record does not explain",
            "The seller's message points to a phone talk whose content is not on record",
        ),
        Says.LATE: (
            "The order was {hours} h late",
            "At the cancellation it was {hours} h late",
            "Handover was {hours} h late",
        ),
        Says.IN_TIME: (
            "The order was not late, with {hours} h left",
            "There were {hours} h left of the promised time",
            "It was cancelled within the promised time, {hours} h left",
        ),
        Says.HANDED_OVER_EARLY: (
            "The parcel was handed over {hours} h before the promised time",
            "Handover came {hours} h ahead of the promise",
        ),
        Says.PROMISE_UNKNOWN: (
            "The promised time is unknown",
            "No promised ship time is on record",
        ),
        Says.AGREED_LATER: (
            "The buyer had agreed in chat to a later date, from which lateness is counted",
            "Lateness counts from the later date that the buyer agreed to",
        ),
        Says.IGNORED: (
            "The buyer's question stayed unanswered for {hours} h",
            "The seller left the buyer unanswered for {hours} h",
        ),
        Says.ANSWERED: (
            "The seller answered the buyer's questions",
            "The buyer's questions had been answered",
        ),
        Says.UNANSWERED: (
            "The buyer's question was open for {hours} h, less than a day",
            "A question had been unanswered for {hours} h, which is less than 24 h",
        ),
        Says.NO_OTHER_CAUSE: (
            "No other cause is in sight",
            "The chat names no cause of the buyer's own",
        ),
        Says.NO_UPDATE: (
            "There was no shipping update",
            "The fulfilment record shows no movement of the parcel",
        ),
        Says.OVERLOADED: (
            "{count} other orders were open too, which explains the delay and does not excuse it",
            "With {count} concurrent orders open the seller was overloaded, which is no excuse",
        ),
        Says.SAME_ITEM: (
            "{count} other orders of the same item were cancelled",
            "The same item was cancelled in {count} concurrent orders",
        ),
        Says.HIGH_RATIO: (
            "The seller cancels {count} % of its orders",
            "{count} % of the seller's orders in 30 days were cancelled",
        ),
        Says.CLICK_OUTWEIGHED: (
            "The clicked reason '{click}' does not outweigh this",
            "That outweighs the click on '{click}'",
        ),
        Says.CLICK_ALONE: (
            "The buyer clicked '{click}'",
            "The clicked reason is '{click}'",
        ),
        Says.CHANGED_MIND: (
            "The buyer wrote that it no longer wants the item",
            "The buyer changed its mind, as it says in the chat",
        ),
        Says.CHEAPER: (
            "The buyer found a better price elsewhere",
            "The buyer says that it is cheaper somewhere else",
        ),
        Says.WRONG: (
            "The buyer had ordered with a wrong item or address",
            "The buyer named a wrong item or address of its own as the cause",
        ),
        Says.DUPLICATE: (
            "The buyer had placed a duplicate order",
            "The buyer had ordered twice by mistake",
        ),
        Says.PAYMENT: (
            "The buyer had a payment problem",
            "Trouble with the payment on the buyer's side was the cause",
        ),
        Says.CHANGE_ASKED: (
            "The buyer asked for a change of the order, which could have shipped as ordered",
            "The cause was a change that the buyer asked for",
        ),
        Says.READY: (
            "The parcel was shipped or packed in time",
            "The seller had the parcel ready within the promised time",
        ),
        Says.COURIER: (
            "The delay is the courier's",
            "What held the parcel up was the courier",
        ),
        Says.KEPT: (
            "The seller tried to keep the order",
            "The seller wanted to keep the order",
        ),
        Says.NO_REQUEST: (
            "No request or refusal by the seller is on record",
            "The seller neither asked for the cancellation nor refused to ship",
        ),
        Says.CONFLICT: (
            "The buyer reports a call that led to the cancellation, and the seller denies what was said",
            "The accounts contradict each other: what the buyer reports of a call stands against a flat denial",
        ),
        Says.MOVED: (
            "The talk moved to another app before the cause was named",
            "The seller took the talk to another app and the cause is not on record",
        ),
        Says.UNREADABLE: (
            "What could tell the cause is in pictures, stickers or voice notes that cannot be read",
            "The messages that could explain it are pictures, stickers or voice notes, which cannot be read",
        ),
        Says.BLAMED: (
            "The click '{click}' blames the seller, but no message shows it",
            "Only the click '{click}' points to the seller and nothing else speaks for it",
        ),
        Says.UNDECIDED: (
            "The record does not tell why the buyer cancelled",
            "The evidence allows neither verdict",
            "That is too little for a verdict",
        ),
        Says.DECIDES: (
            "That is the main reason for the cancellation",
            "The cancellation follows from it",
        ),
        Says.NOT_SELLER: (
            "The cause does not lie with the seller",
            "Nothing on record points to the seller",
        ),
        Says.NOTHING_MORE: (
            "Nothing else on record decides",
            "No other signal decides",
        ),
        Says.MANIPULATION: (
            "The text addressed to the reviewer is manipulation and is not followed",
            "A message that gives the reviewer orders is not followed",
        ),
    }
)
