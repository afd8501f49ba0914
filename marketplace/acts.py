"""The dialogue acts: what a line of chat does, apart from how it is worded.

Takes: nothing. Gives: `Act`, who may utter which, the pack file each lives in, and the sets the policy reads.
Does not: word an act (language packs do) or judge it (`marketplace.policy` does).
"""

from enum import StrEnum

from cases.case import Sender


class Act(StrEnum):
    """One thing a chat line can do; the prefix tells who does it (s_ seller, b_ buyer, x_ either)."""

    S_ASK_CANCEL = "s_ask_cancel"
    S_ASK_CANCEL_INDIRECT = "s_ask_cancel_indirect"
    S_CANCEL_IF_CANT_WAIT = "s_cancel_if_cant_wait"
    S_CLAIM_OOS = "s_claim_oos"
    S_CANNOT_FULFIL = "s_cannot_fulfil"
    S_OFFER_VARIANT_NEW_ORDER = "s_offer_variant_new_order"
    S_OFFER_REORDER = "s_offer_reorder"
    S_PRICE_ERROR = "s_price_error"
    S_OFFPLATFORM_OFFER = "s_offplatform_offer"
    S_REFUSE_SHIP = "s_refuse_ship"
    S_EXCUSE_DELAY = "s_excuse_delay"
    S_PRESSURE_THREAT = "s_pressure_threat"
    S_COACH_REASON = "s_coach_reason"
    S_MOVE_TO_APP = "s_move_to_app"
    S_ALLUDE_CALL = "s_allude_call"

    S_PROMISE_TODAY = "s_promise_today"
    S_PROMISE_DATE = "s_promise_date"
    S_ASK_SHORT_WAIT = "s_ask_short_wait"
    S_ALREADY_PACKED = "s_already_packed"
    S_ALREADY_SHIPPED = "s_already_shipped"
    S_COURIER_DELAY = "s_courier_delay"
    S_TRACKING_UPDATE = "s_tracking_update"
    S_OFFER_VARIANT_SAME_ORDER = "s_offer_variant_same_order"
    S_TRIED_KEEP = "s_tried_keep"

    S_GREETING = "s_greeting"
    S_ANSWER_QUESTION = "s_answer_question"
    S_ANSWER_STATUS = "s_answer_status"
    S_ASK_STILL_WANT = "s_ask_still_want"
    S_CHANGE_NEEDS_NEW_ORDER = "s_change_needs_new_order"
    S_EXPLAIN_HOW_TO_CANCEL = "s_explain_how_to_cancel"
    S_ACK = "s_ack"
    S_DENY_SAID = "s_deny_said"
    S_AUTO_REPLY = "s_auto_reply"
    S_SMALL_TALK = "s_small_talk"
    S_DECOY = "s_decoy"

    B_CHANGE_MIND = "b_change_mind"
    B_FOUND_CHEAPER = "b_found_cheaper"
    B_WRONG_ITEM = "b_wrong_item"
    B_WRONG_ADDRESS = "b_wrong_address"
    B_DUPLICATE = "b_duplicate"
    B_PAYMENT_PROBLEM = "b_payment_problem"
    B_ASK_CHANGE = "b_ask_change"
    B_TOO_SLOW_CANCEL = "b_too_slow_cancel"
    B_REPORT_PHONE_REQUEST = "b_report_phone_request"
    B_REPORT_PHONE_OOS = "b_report_phone_oos"

    B_GREETING = "b_greeting"
    B_ASK_WHEN_SHIP = "b_ask_when_ship"
    B_CHASE = "b_chase"
    B_ANGRY = "b_angry"
    B_PRODUCT_QUESTION = "b_product_question"
    B_ASK_STOCK = "b_ask_stock"
    B_AGREE_CANCEL = "b_agree_cancel"
    B_REFUSE_CANCEL = "b_refuse_cancel"
    B_AGREE_WAIT = "b_agree_wait"
    B_ANNOUNCE_CANCEL = "b_announce_cancel"
    B_THANKS = "b_thanks"
    B_SMALL_TALK = "b_small_talk"
    B_ACCEPT_VARIANT = "b_accept_variant"
    B_MENTIONS_SELLER_ASKED = "b_mentions_seller_asked"
    B_DECOY = "b_decoy"

    X_HOSTILE_FOR_SELLER = "x_hostile_for_seller"
    X_HOSTILE_FOR_BUYER = "x_hostile_for_buyer"
    X_NEUTRAL_FILLER = "x_neutral_filler"

    @property
    def senders(self) -> tuple[Sender, ...]:
        """Who may utter the act."""
        return _SENDERS[self.value[0]]


_SENDERS = {"s": (Sender.SELLER,), "b": (Sender.BUYER,), "x": (Sender.BUYER, Sender.SELLER)}
_ALL = tuple(Act)


def _from_to(first: Act, last: Act) -> tuple[Act, ...]:
    return _ALL[_ALL.index(first) : _ALL.index(last) + 1]


FAMILIES: dict[str, tuple[Act, ...]] = {
    "seller_exit": _from_to(Act.S_ASK_CANCEL, Act.S_ALLUDE_CALL),
    "seller_keep": _from_to(Act.S_PROMISE_TODAY, Act.S_TRIED_KEEP),
    "seller_talk": _from_to(Act.S_GREETING, Act.S_DECOY),
    "buyer_cause": _from_to(Act.B_CHANGE_MIND, Act.B_REPORT_PHONE_OOS),
    "buyer_talk": _from_to(Act.B_GREETING, Act.B_DECOY),
    "hostile": _from_to(Act.X_HOSTILE_FOR_SELLER, Act.X_NEUTRAL_FILLER),
}
"""Pack file name (without .toml) to the acts it must word."""

REQUESTS = frozenset({Act.S_ASK_CANCEL, Act.S_ASK_CANCEL_INDIRECT, Act.S_COACH_REASON})
"""Acts that ask the buyer to cancel whenever they are uttered before the buyer decided."""
REFUSALS = frozenset({Act.S_CLAIM_OOS, Act.S_CANNOT_FULFIL, Act.S_PRICE_ERROR, Act.S_REFUSE_SHIP})
"""Acts by which the seller says that it cannot or will not fulfil."""
CANCELLING_OFFERS = frozenset({Act.S_OFFER_VARIANT_NEW_ORDER, Act.S_OFFER_REORDER, Act.S_OFFPLATFORM_OFFER})
"""Offers that need a cancellation."""
PHONE_REPORTS = frozenset({Act.B_REPORT_PHONE_REQUEST, Act.B_REPORT_PHONE_OOS})
"""The buyer's account of what the seller said where the record cannot hear it."""
OWN_REASONS = frozenset(
    {
        Act.B_CHANGE_MIND,
        Act.B_FOUND_CHEAPER,
        Act.B_WRONG_ITEM,
        Act.B_WRONG_ADDRESS,
        Act.B_DUPLICATE,
        Act.B_PAYMENT_PROBLEM,
        Act.B_ASK_CHANGE,
    }
)
"""Causes that lie with the buyer."""
DECISIONS = OWN_REASONS - {Act.B_ASK_CHANGE} | {Act.B_ANNOUNCE_CANCEL, Act.B_TOO_SLOW_CANCEL}
"""Acts by which the buyer says that it is going to cancel (a wish for a change is not yet that)."""
ORDER_QUESTIONS = frozenset(
    {Act.B_ASK_WHEN_SHIP, Act.B_CHASE, Act.B_ANGRY, Act.B_ASK_STOCK, Act.B_ASK_CHANGE}
)
"""Buyer's messages about the order that call for an answer."""
NAMES_A_DATE = frozenset({Act.S_PROMISE_TODAY, Act.S_PROMISE_DATE, Act.S_ASK_SHORT_WAIT})
"""Acts that name when the order will be handed over."""
KEEPING = frozenset({Act.S_TRIED_KEEP, Act.S_ASK_SHORT_WAIT, Act.S_PROMISE_TODAY, Act.S_PROMISE_DATE})
"""Acts by which the seller tries to keep the order."""
NO_ANSWER = frozenset({Act.S_AUTO_REPLY, Act.S_GREETING, Act.X_HOSTILE_FOR_SELLER, Act.X_NEUTRAL_FILLER})
"""Seller's lines that answer nothing."""
