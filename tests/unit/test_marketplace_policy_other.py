"""The labelling policy's not_induced and inconclusive rules and their tie-breaks, one hand-built record each.

Takes: records as a few facts. Gives: failures that name the rule. Does not: word a chat or run the simulator.
"""

import pytest

from cases.case import BuyerReason, FulfillmentKind, Sender
from cases.factor import Factor
from cases.verdict import Verdict
from marketplace.acts import Act
from marketplace.rules import Rule
from tests.fixtures.policy_cases import Record, evidence, judged, says

PACKED = FulfillmentKind.PACKED
CALL = ((-2.0, True, 45.0),)


@pytest.mark.parametrize(
    ("act", "factor"),
    [
        (Act.B_CHANGE_MIND, Factor.BUYER_CHANGED_MIND),
        (Act.B_FOUND_CHEAPER, Factor.BUYER_BETTER_PRICE),
        (Act.B_WRONG_ITEM, Factor.BUYER_WRONG_ITEM_OR_ADDRESS),
        (Act.B_WRONG_ADDRESS, Factor.BUYER_WRONG_ITEM_OR_ADDRESS),
        (Act.B_DUPLICATE, Factor.BUYER_DUPLICATE_ORDER),
        (Act.B_PAYMENT_PROBLEM, Factor.BUYER_PAYMENT_PROBLEM),
    ],
)
def test_the_buyers_own_words_count_however_late(act: Act, factor: Factor) -> None:
    """Not_induced 1: in time, a little late and, said in chat, also days late."""
    for promised in (24.0, -6.0, -70.0):
        found = judged(Record(promised=promised, said=(says(-1, act),)))
        assert (found.rule, found.factors[0]) == (Rule.OWN_REASON, factor)


def test_a_sellers_words_after_the_buyers_decision_are_no_inducement() -> None:
    """A request or an explanation after the buyer, unprompted, has decided is not asking."""
    for reply in (Act.S_EXPLAIN_HOW_TO_CANCEL, Act.S_ASK_CANCEL):
        said = (says(-5, Act.B_CHANGE_MIND), says(-4, reply))
        assert judged(Record(said=said)).rule is Rule.OWN_REASON


def test_a_cause_named_after_the_request_does_not_undo_it() -> None:
    """The order of the talk decides who began."""
    said = (says(-5, Act.S_ASK_CANCEL), says(-4, Act.B_CHANGE_MIND))
    assert judged(Record(said=said)).rule is Rule.REQUEST


def test_a_click_outweighs_a_delay_of_less_than_a_day() -> None:
    """Not_induced 1: the clicked own reason, 23 h late; at 24 h it no longer does."""
    click = BuyerReason.FOUND_CHEAPER
    found = judged(Record(promised=-23.0, reason=click))
    assert (found.rule, found.factors[0]) == (Rule.CLICKED_REASON, Factor.BUYER_BETTER_PRICE)
    assert judged(Record(promised=-24.0, reason=click)).rule is Rule.LAPSE


def test_shipped_or_packed_in_time() -> None:
    """Not_induced 2, also when the buyer then waited long for an answer."""
    packed = judged(Record(promised=2.0, events=((-3, PACKED),), said=(says(-40, Act.B_ASK_WHEN_SHIP),)))
    shipped = judged(Record(promised=-30.0, shipped=-31.0))
    assert (packed.rule, shipped.rule) == (Rule.READY, Rule.READY)
    assert packed.factors[0] is Factor.FULFILLMENT_SHIPPED_OR_READY


def test_packed_in_time_and_not_collected_is_the_couriers_delay() -> None:
    """Tie-break: two days late, but the parcel lay ready."""
    found = judged(Record(promised=-48.0, events=((-50, PACKED),)))
    assert (found.rule, found.factors[0]) == (Rule.COURIER, Factor.LOGISTICS_COURIER_DELAY)


def test_a_couriers_delay_after_a_timely_handover() -> None:
    """Not_induced 2 with the seller's word that the courier is slow."""
    said = (says(-3, Act.S_ALREADY_SHIPPED, Act.S_COURIER_DELAY),)
    assert judged(Record(promised=-60.0, shipped=-70.0, said=said)).rule is Rule.COURIER


def test_within_the_promised_time() -> None:
    """Not_induced 3: nothing asked, nothing refused."""
    found = judged(Record())
    assert (found.rule, found.factors) == (Rule.IN_TIME, (Factor.FULFILLMENT_WITHIN_PROMISED_TIME,))


def test_a_change_that_needs_a_new_order() -> None:
    """Not_induced 4: the seller could have shipped as ordered."""
    said = (
        says(-5, Act.B_ASK_CHANGE),
        says(-4, Act.S_CHANGE_NEEDS_NEW_ORDER),
        says(-3, Act.B_ANNOUNCE_CANCEL),
    )
    found = judged(Record(said=said))
    assert (found.rule, found.factors[0]) == (Rule.ASKED_FOR_CHANGE, Factor.BUYER_ASKED_FOR_A_CHANGE)


def test_explaining_after_a_wish_for_a_change_is_not_asking() -> None:
    """How to cancel, told to a buyer who wanted another colour."""
    said = (says(-5, Act.B_ASK_CHANGE), says(-4, Act.S_CHANGE_NEEDS_NEW_ORDER, Act.S_EXPLAIN_HOW_TO_CANCEL))
    assert judged(Record(said=said)).verdict is Verdict.NOT_INDUCED


def test_a_wish_for_a_change_ignored_for_a_day_is_silence() -> None:
    """Induced rule 4 over not_induced rule 4: the wish was a question."""
    assert judged(Record(said=(says(-26, Act.B_ASK_CHANGE),))).rule is Rule.SILENCE


def test_the_seller_tried_to_keep_the_order() -> None:
    """Not_induced 5: a short wait was asked for, within the time."""
    found = judged(Record(said=(says(-5, Act.S_ASK_SHORT_WAIT, until=3.0), says(-1, Act.B_TOO_SLOW_CANCEL))))
    assert (found.rule, found.factors[0]) == (Rule.KEPT, Factor.CHAT_TRIED_TO_KEEP_THE_ORDER)


def test_a_little_late_but_answered() -> None:
    """Not_induced 6: less than 24 h late, and the questions were answered."""
    said = (says(-5, Act.B_ASK_WHEN_SHIP), says(-4, Act.S_ANSWER_STATUS))
    assert judged(Record(promised=-10.0, said=said)).rule is Rule.ANSWERED


def test_may_cancel_with_a_date_in_time_is_no_request() -> None:
    """The seller names a date within the promised time."""
    said = (says(-5, Act.S_PROMISE_TODAY, Act.S_CANCEL_IF_CANT_WAIT, until=4.0),)
    assert judged(Record(said=said)).rule is Rule.KEPT


def test_a_polite_question_is_no_request() -> None:
    """The seller asks whether the buyer still wants it, and the buyer does not."""
    said = (says(-5, Act.S_ASK_STILL_WANT), says(-4, Act.B_ANNOUNCE_CANCEL))
    assert judged(Record(said=said)).rule is Rule.IN_TIME


def test_decoys_and_hostile_text_decide_nothing() -> None:
    """Innocent words and text for the reviewer leave the case as it is."""
    said = (says(-5, Act.S_DECOY), says(-4, Act.B_DECOY), says(-3, Act.X_HOSTILE_FOR_BUYER))
    assert judged(Record(said=said)).rule is Rule.IN_TIME


def test_an_unexplained_call_outranks_time_and_click() -> None:
    """Inconclusive 1 over not_induced 3 and a clicked reason."""
    found = judged(Record(calls=CALL, reason=BuyerReason.CHANGE_OF_MIND))
    assert (found.rule, found.factors[0]) == (Rule.CALL, Factor.CALL_FROM_SELLER)


@pytest.mark.parametrize("call", [(-2.0, True, 19.0), (-2.0, False, 0.0), (-6.1, True, 45.0)])
def test_a_short_unanswered_or_old_call_tells_nothing(call: tuple[float, bool, float]) -> None:
    """20 s or more, answered, up to 6 h before: each limit."""
    assert judged(Record(calls=(call,))).rule is Rule.IN_TIME


def test_a_call_is_explained_by_chat_or_parcel() -> None:
    """The buyer's own cause, its impatience, a lapse or a parcel in time tell why."""
    own = Record(calls=CALL, said=(says(-1, Act.B_CHANGE_MIND),))
    slow = Record(calls=CALL, said=(says(-1, Act.B_TOO_SLOW_CANCEL),))
    lapse = Record(calls=CALL, promised=-30.0)
    ready = Record(calls=CALL, events=((-3, PACKED),))
    assert [judged(r).rule for r in (own, slow, lapse, ready)] == [
        Rule.OWN_REASON,
        Rule.IN_TIME,
        Rule.LAPSE,
        Rule.READY,
    ]


def test_an_allusion_shows_a_call_where_no_list_does() -> None:
    """The seller alludes to a call and no list is there; with an empty list there was none."""
    said = (says(-2, Act.S_ALLUDE_CALL),)
    assert judged(Record(calls=None, said=said)).rule is Rule.CALL
    assert judged(Record(calls=(), said=said)).rule is Rule.IN_TIME


def test_a_flat_denial_makes_a_conflict_unless_something_decides() -> None:
    """Inconclusive 2; a lapse, or a parcel in time, decides over it."""
    said = (says(-1.5, Act.B_REPORT_PHONE_REQUEST), says(-1, Act.S_DENY_SAID))
    found = judged(Record(calls=CALL, said=said))
    assert found.rule is Rule.CONFLICT
    assert set(found.factors) == {Factor.EVIDENCE_CONFLICTING_ACCOUNTS, Factor.CALL_FROM_SELLER}
    assert judged(Record(calls=CALL, promised=-30.0, said=said)).rule is Rule.LAPSE
    assert judged(Record(calls=CALL, events=((-3, PACKED),), said=said)).rule is Rule.READY


def test_only_pictures_and_a_mild_delay() -> None:
    """Inconclusive 3: nothing readable, in time, mildly late or the promise unknown; a long delay still decides."""
    pictures = ((-5.0, Sender.BUYER), (-4.0, Sender.SELLER))
    assert judged(Record(promised=-9.0, pictures=pictures)).rule is Rule.UNREADABLE
    assert judged(Record(promised=None, events=None, pictures=pictures)).rule is Rule.UNREADABLE
    assert judged(Record(pictures=pictures, said=(says(-3, Act.B_THANKS),))).rule is Rule.UNREADABLE
    assert judged(Record(promised=-30.0, pictures=pictures)).rule is Rule.LAPSE


def test_the_talk_moved_to_another_app() -> None:
    """Inconclusive 4, over the promised time and the click, unless the cause had been named before."""
    moved = (says(-5, Act.S_MOVE_TO_APP), says(-1, Act.B_ANNOUNCE_CANCEL))
    found = judged(Record(reason=BuyerReason.CHANGE_OF_MIND, said=moved))
    assert (found.rule, found.factors[0]) == (Rule.MOVED, Factor.EVIDENCE_MOVED_OFF_PLATFORM)
    named = (says(-6, Act.S_CLAIM_OOS), *moved)
    assert judged(Record(said=named)).rule is Rule.REFUSAL
    own = (says(-6, Act.B_FOUND_CHEAPER), *moved)
    assert judged(Record(said=own)).rule is Rule.OWN_REASON


def test_a_little_late_and_a_little_unanswered() -> None:
    """Tie-break: both under 24 h and no reason of the buyer's own is inconclusive."""
    asked = (says(-5, Act.B_ASK_WHEN_SHIP),)
    assert judged(Record(promised=-10.0, said=asked)).rule is Rule.MILDLY_LATE_UNANSWERED
    own = Record(promised=-10.0, said=asked, reason=BuyerReason.PAYMENT_PROBLEM)
    assert judged(own).rule is Rule.CLICKED_REASON


def test_a_click_that_blames_an_unheard_seller_is_left_open() -> None:
    """In time, no chat, and only the click "seller asked": neither verdict; a chat without a request decides."""
    assert judged(Record(reason=BuyerReason.SELLER_ASKED)).rule is Rule.BLAMED_UNHEARD
    said = (says(-5, Act.B_PRODUCT_QUESTION), says(-4, Act.S_ANSWER_QUESTION))
    assert judged(Record(reason=BuyerReason.SELLER_ASKED, said=said)).rule is Rule.IN_TIME


def test_without_a_promise_only_the_click_is_left() -> None:
    """An own reason clicked is not_induced, anything else is open."""
    assert judged(Record(promised=None, reason=BuyerReason.CHANGE_OF_MIND)).rule is Rule.CLICKED_REASON
    assert judged(Record(promised=None, reason=BuyerReason.TOO_SLOW)).rule is Rule.NOTHING_DECIDES


def test_an_agreed_date_moves_the_promise() -> None:
    """Tie-break: lateness is counted from the date that the buyer agreed to in chat."""
    said = (says(-60, Act.S_PROMISE_DATE, until=-10.0), says(-59, Act.B_AGREE_WAIT))
    found = evidence(Record(promised=-50.0, said=said))
    assert found.hours_late == pytest.approx(10.0)
    assert found.facts.hours_late == pytest.approx(50.0)


def test_the_buyers_written_impatience_beats_its_click() -> None:
    """Who writes that it was too slow has no clicked cause of its own, in the verdict and in the factors."""
    said = (says(-1, Act.B_TOO_SLOW_CANCEL),)
    late = judged(Record(promised=-10.0, reason=BuyerReason.CHANGE_OF_MIND, said=said))
    assert late.rule is Rule.NOTHING_DECIDES
    in_time = judged(Record(reason=BuyerReason.CHANGE_OF_MIND, said=said))
    assert in_time.factors == (Factor.FULFILLMENT_WITHIN_PROMISED_TIME,)


def test_who_cancels_for_the_waiting_does_not_cancel_for_the_change() -> None:
    """A refused change is no cause any more once the buyer writes that it was too slow."""
    change = (says(-50, Act.B_ASK_CHANGE), says(-49, Act.S_CHANGE_NEEDS_NEW_ORDER))
    slow = (*change, says(-1, Act.B_TOO_SLOW_CANCEL))
    assert judged(Record(promised=-30.0, said=slow)).rule is Rule.LAPSE


def test_a_complaint_in_one_breath_with_the_decision_is_no_open_question() -> None:
    """Not_induced 6 stays: the questions were answered; nobody can answer a rant that ends in a cancellation."""
    asked = (says(-9, Act.B_ASK_WHEN_SHIP), says(-8, Act.S_ANSWER_STATUS))
    one_line = (*asked, says(-1, Act.B_ANGRY, Act.B_TOO_SLOW_CANCEL))
    two_lines = (*asked, says(-1, Act.B_ANGRY), says(-0.99, Act.B_TOO_SLOW_CANCEL))
    for said in (one_line, two_lines):
        assert judged(Record(promised=-10.0, said=said)).rule is Rule.ANSWERED
    assert judged(Record(promised=-10.0, said=one_line[2:])).rule is Rule.NOTHING_DECIDES


def test_text_for_the_reviewer_does_not_make_a_chat_readable() -> None:
    """Voice notes stay unreadable beside text that was pasted to steer the reviewer, or that means nothing."""
    for pasted in (Act.X_HOSTILE_FOR_SELLER, Act.X_HOSTILE_FOR_BUYER, Act.X_NEUTRAL_FILLER):
        for voice in (Sender.SELLER, Sender.BUYER):
            said = (says(-3, pasted),)
            assert judged(Record(pictures=((-4.0, voice),), said=said)).rule is Rule.UNREADABLE


def test_a_parcel_within_the_agreed_time_is_no_couriers_delay() -> None:
    """Packed after the first promise would be late, but the buyer had agreed to a later date that is not past."""
    said = (
        says(-60, Act.S_PROMISE_DATE, until=10.0),
        says(-59, Act.B_AGREE_WAIT),
        says(-2, Act.S_ALREADY_PACKED),
    )
    assert judged(Record(promised=-50.0, said=said)).rule is Rule.READY
