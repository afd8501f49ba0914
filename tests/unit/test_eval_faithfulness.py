"""Faithfulness: statements are found in reasonings, and only true ones count as supported.

Takes: small records written by hand, and the simulator's own reasonings. Gives: failures that name the statement.
Does not ask a model.
"""

from itertools import islice

import pytest

from cases.case import FulfillmentKind
from cases.market import Markets
from eval.faithfulness import Topic, dealt_to_others, measure, statements
from eval.record_truth import RecordTruth
from marketplace.acts import Act
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase, worlds_of
from marketplace.statements import WORDINGS, Says
from tests.fixtures.policy_cases import Record, evidence, says

LATE_AND_ASKED = Record(
    promised=-30.4,
    events=((-20.0, FulfillmentKind.STOCK_OUT),),
    extended_to=((-25.0, -10.0), (-9.0, 8.0)),
    calls=((-2.5, True, 45.0),),
    said=(says(-28.0, Act.B_ASK_WHEN_SHIP), says(-2.0, Act.S_ASK_CANCEL)),
)
QUIET = Record(promised=12.6)


@pytest.fixture(scope="module")
def simulated(markets: Markets) -> list[SimulatedCase]:
    """A few hundred cancelled orders of three markets, as they come."""
    settings = SimulationSettings(("SG", "ID", "BR"), seed=3, cases_per_market=1, split="test")
    return [case for world in worlds_of(settings, markets) for case in islice(world.candidates("shop"), 80)]


def _found(record: Record, reasoning: str) -> list[tuple[Topic, bool]]:
    return [(s.topic, s.supported) for s in statements(reasoning, RecordTruth(evidence(record)))]


@pytest.mark.parametrize(
    ("reasoning", "topic"),
    [
        ("Handover was 30 h late.", Topic.LATENESS),
        ("The seller left the buyer unanswered for 26 h.", Topic.SILENCE),
        ("In the chat the seller asked the buyer to cancel the order.", Topic.REQUEST),
        ("There was an answered call from the seller of 45 s, 2.5 h before.", Topic.CALL),
        ("The record holds a stock-out, yet the order stayed open.", Topic.STOCK_OUT),
        ("The seller stalled with 2 extensions.", Topic.EXTENSIONS),
        ("The deadline was moved 2 times.", Topic.EXTENSIONS),
    ],
)
def test_true_statements_are_supported(reasoning: str, topic: Topic) -> None:
    """Every kind of statement is found, and holds for a record that shows it."""
    assert _found(LATE_AND_ASKED, reasoning) == [(topic, True)]


@pytest.mark.parametrize(
    "reasoning",
    [
        "Handover was 30 h late.",
        "There were 40 h left of the promised time.",
        "The buyer's question stayed unanswered for 26 h.",
        "The seller asked the buyer to cancel.",
        "The seller said the item is out of stock.",
        "There was an answered call from the seller of 45 s, 2.5 h before.",
        "A stock-out is recorded while the order was left open.",
        "There were 2 extensions of the deadline.",
        "The promised time is unknown.",
        "The seller's message points to a phone talk whose content is not on record.",
    ],
)
def test_false_statements_are_not(reasoning: str) -> None:
    """The same statements about a quiet order within its promised time are all unsupported."""
    assert [supported for _, supported in _found(QUIET, reasoning)] == [False]


def test_numbers_must_be_right_to_within_one_unit() -> None:
    """30.4 hours late supports 30 and 31, not 29 or 32; a call's seconds and hours count alike."""
    said = [_found(LATE_AND_ASKED, f"It was {hours} h late.")[0][1] for hours in (29, 30, 31, 32)]
    assert said == [False, True, True, False]
    wrong = "The list shows an answered call of 60 s 2.5 h before the cancellation."
    assert _found(LATE_AND_ASKED, wrong) == [(Topic.CALL, False)]


def test_every_wording_of_who_asked_is_checked() -> None:
    """An invitation is no request, how to cancel explained to a decided buyer is neither; a report by phone counts."""
    asked, invited = "The seller asked the buyer to cancel.", "The seller said the buyer may cancel."
    said = "The buyer reports that the seller asked for it by phone, and nobody denies it."
    told_how = Record(
        promised=12.6, said=(says(-3.0, Act.B_CHANGE_MIND), says(-2.0, Act.S_EXPLAIN_HOW_TO_CANCEL))
    )
    may = Record(promised=12.6, said=(says(-3.0, Act.B_CHANGE_MIND), says(-2.0, Act.S_CANCEL_IF_CANT_WAIT)))
    rung = Record(promised=12.6, said=(says(-3.0, Act.B_REPORT_PHONE_REQUEST),))
    assert [_found(told_how, text) for text in (asked, invited)] == [[(Topic.REQUEST, False)]] * 2
    assert _found(may, asked) == [(Topic.REQUEST, False)]
    assert _found(may, invited) == [(Topic.REQUEST, True)]
    assert _found(rung, said) == [(Topic.CALL, True)]
    assert _found(QUIET, said) == [(Topic.CALL, False)]


@pytest.mark.parametrize("wording", WORDINGS[Says.CONFLICT])
def test_every_wording_of_a_conflict_is_checked(wording: str) -> None:
    """Contradicting accounts need a report and a denial; a report alone does not support them."""
    reported, denied = says(-1.5, Act.B_REPORT_PHONE_REQUEST), says(-1.0, Act.S_DENY_SAID)
    assert _found(Record(promised=12.6, said=(reported, denied)), wording) == [(Topic.CALL, True)]
    assert _found(Record(promised=12.6, said=(reported,)), wording) == [(Topic.CALL, False)]


def test_a_denied_request_is_checked_too() -> None:
    """The statement that there was none is supported only where the seller made none."""
    nothing = "No request or refusal by the seller is on record."
    assert _found(QUIET, nothing) == [(Topic.REQUEST, True)]
    assert _found(LATE_AND_ASKED, nothing) == [(Topic.REQUEST, False)]


def test_what_no_record_can_settle_is_not_checked() -> None:
    """A reasoning without a checkable statement counts as such, not as supported."""
    found = _found(QUIET, "The chat names no cause of the buyer's own. That is too little for a verdict.")
    assert found == []


def test_every_reasoning_of_the_simulator_is_supported(simulated: list[SimulatedCase]) -> None:
    """The yardstick itself: labels are true by construction, so a label's reasoning is supported throughout."""
    found = measure((case.label.reasoning or "", case) for case in simulated)
    assert found.unsupported == ()
    assert found.total.stated > len(simulated)
    assert all(found.by_topic[topic].stated for topic in Topic)


def test_reasonings_of_other_cases_are_mostly_not_supported(simulated: list[SimulatedCase]) -> None:
    """Dealt to another case of the same label, most statements are false: the measure can tell."""
    dealt = dealt_to_others([case.label.reasoning or "" for case in simulated], simulated)
    found = measure(dealt)
    assert len(dealt) == len(simulated)
    assert found.total.supported < found.total.stated / 2
