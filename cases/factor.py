"""The closed list of decision factors, written exactly as the labelling policy writes them.

Takes: nothing. Gives: `Factor` and which factors may support which verdict. Does not: weigh them.
"""

from enum import StrEnum

from cases.verdict import Verdict


class Factor(StrEnum):
    """What a verdict rests on; compared as a set, the order being the labeller's sense of weight."""

    CHAT_ASKED_TO_CANCEL = "Chat - asked to cancel"
    CHAT_CLAIMED_OUT_OF_STOCK = "Chat - claimed out of stock"
    CHAT_CANCEL_AND_REORDER = "Chat - cancel and reorder"
    CHAT_PRICE_OR_LISTING_ERROR = "Chat - price or listing error"
    CHAT_OFF_PLATFORM_OFFER = "Chat - off-platform offer"
    CHAT_REFUSED_TO_SHIP = "Chat - refused to ship"
    CHAT_EXCUSES_FOR_DELAY = "Chat - excuses for delay"
    CHAT_PRESSURE_OR_THREAT = "Chat - pressure or threat"
    CHAT_IGNORED_BUYER = "Chat - ignored buyer"
    CALL_FROM_SELLER = "Call - phone call from seller"
    CALL_REQUEST_BY_PHONE_REPORTED = "Call - request by phone reported"
    FULFILLMENT_NO_SHIPPING_UPDATE = "Fulfillment - no shipping update"
    FULFILLMENT_MISSED_SHIP_DEADLINE = "Fulfillment - missed ship deadline"
    FULFILLMENT_REPEATED_EXTENSIONS = "Fulfillment - repeated extensions"
    FULFILLMENT_STOCK_OUT_RECORDED = "Fulfillment - stock-out recorded"
    ORDERS_OVERLOADED_SELLER = "Orders - overloaded seller"
    ORDERS_SAME_ITEM_CANCELLED = "Orders - same item cancelled"
    SELLER_HIGH_CANCELLATION_RATIO = "Seller - high cancellation ratio"
    BUYER_CHANGED_MIND = "Buyer - changed mind"
    BUYER_BETTER_PRICE = "Buyer - better price"
    BUYER_WRONG_ITEM_OR_ADDRESS = "Buyer - wrong item or address"
    BUYER_PAYMENT_PROBLEM = "Buyer - payment problem"
    BUYER_DUPLICATE_ORDER = "Buyer - duplicate order"
    BUYER_ASKED_FOR_A_CHANGE = "Buyer - asked for a change"
    CHAT_TRIED_TO_KEEP_THE_ORDER = "Chat - tried to keep the order"
    FULFILLMENT_SHIPPED_OR_READY = "Fulfillment - shipped or ready"
    FULFILLMENT_WITHIN_PROMISED_TIME = "Fulfillment - within promised time"
    LOGISTICS_COURIER_DELAY = "Logistics - courier delay"
    EVIDENCE_CONFLICTING_ACCOUNTS = "Evidence - conflicting accounts"
    EVIDENCE_UNREADABLE = "Evidence - unreadable"
    EVIDENCE_MOVED_OFF_PLATFORM = "Evidence - moved off-platform"
    EVIDENCE_INSUFFICIENT = "Evidence - insufficient"


_INDUCED = tuple(Factor)[:18]
_NOT_INDUCED = tuple(Factor)[18:28]
_INCONCLUSIVE = tuple(Factor)[28:]


def factors_for(verdict: Verdict) -> tuple[Factor, ...]:
    """The factors that may support `verdict`, in the policy's order.

    Inconclusive also gets `Call - phone call from seller`, last.
    """
    if verdict is Verdict.INDUCED:
        return _INDUCED
    if verdict is Verdict.NOT_INDUCED:
        return _NOT_INDUCED
    return (*_INCONCLUSIVE, Factor.CALL_FROM_SELLER)


def section_of(factor: Factor) -> Verdict:
    """The verdict under which the policy lists `factor` (the call from the seller stands under induced)."""
    if factor in _INDUCED:
        return Verdict.INDUCED
    return Verdict.NOT_INDUCED if factor in _NOT_INDUCED else Verdict.INCONCLUSIVE
