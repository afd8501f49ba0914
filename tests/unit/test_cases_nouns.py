"""Verdicts, factors, errors and decisions: the words that every other part uses.

Takes: nothing. Gives: failures that name the word. Does not start anything.
"""

import pickle
from datetime import UTC, datetime

import numpy as np
import pytest

from cases.decision import Action, Decision, DecisionStatus, Probabilities, Route, Until
from cases.errors import (
    CaseError,
    DocumentError,
    FieldProblem,
    NotBuiltError,
    OverloadedError,
    UnknownMarketError,
)
from cases.factor import Factor, factors_for, section_of
from cases.verdict import VERDICTS, Verdict


def test_probability_arrays_have_one_order() -> None:
    """The order of VERDICTS is stored in calibration files: it never changes."""
    assert [verdict.value for verdict in VERDICTS] == ["induced", "not_induced", "inconclusive"]


def test_the_factor_list_is_closed_and_divided() -> None:
    """18, 10 and 4 factors, none in two sections; a call from the seller also supports inconclusive, last."""
    sizes = [sum(section_of(factor) is verdict for factor in Factor) for verdict in VERDICTS]
    assert sizes == [18, 10, 4]
    assert [len(factors_for(verdict)) for verdict in VERDICTS] == [18, 10, 5]
    assert factors_for(Verdict.INCONCLUSIVE)[-1] is Factor.CALL_FROM_SELLER
    assert section_of(Factor.CALL_FROM_SELLER) is Verdict.INDUCED


def test_a_factor_is_written_as_the_policy_writes_it() -> None:
    """Factors are `Subject - what`, with one of eight subjects, so that a document can be compared as text."""
    subjects = {factor.split(" - ", 1)[0] for factor in Factor}
    known = {"Chat", "Call", "Fulfillment", "Orders", "Seller", "Buyer", "Logistics", "Evidence"}
    assert subjects == known


@pytest.mark.parametrize(
    "error",
    [
        CaseError([FieldProblem("/order", "required; add it")]),
        UnknownMarketError([FieldProblem("/market", "not a configured market")]),
        DocumentError("no_verdict", "the document has no verdict"),
        OverloadedError("too many cases are waiting", 2.5),
        NotBuiltError("/options/route", "fusion is not loaded"),
    ],
)
def test_an_error_survives_a_worker_process(error: Exception) -> None:
    """Errors cross process borders with their message and their fields."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_probabilities_follow_the_order_and_never_accuse_on_a_tie() -> None:
    """Arrays go in and out in the order of VERDICTS; of equal values the one that harms least is the verdict."""
    given = np.array([0.2, 0.5, 0.3])
    probabilities = Probabilities.from_array(given)
    np.testing.assert_array_equal(probabilities.as_array(), given)
    assert probabilities.best() is Verdict.NOT_INDUCED
    assert Probabilities.from_array(np.array([0.4, 0.4, 0.2])).best() is Verdict.NOT_INDUCED
    assert Probabilities.from_array(np.array([0.4, 0.2, 0.4])).best() is Verdict.INCONCLUSIVE


def test_a_decision_has_the_contracts_fields() -> None:
    """The stored decision is the contract's, field for field, and survives JSON."""
    fields = (
        "decision_id status case_id market verdict score probabilities action decision_factors reasoning route "
        "reflected degraded degraded_reason cross_check warnings versions timings_ms tokens created_at"
    )
    assert list(Decision.model_fields) == fields.split()
    decision = Decision(
        decision_id="d-1",
        status=DecisionStatus.RUNNING,
        case_id="c-1",
        market="SG",
        created_at=datetime(2025, 3, 10, tzinfo=UTC),
    )
    assert Decision.model_validate_json(decision.model_dump_json()) == decision


def test_the_closed_words_of_the_contract() -> None:
    """Status, action, route and until take exactly the contract's values."""
    assert set(DecisionStatus) == {"running", "complete", "short_circuited", "cancelled", "failed"}
    assert set(Action) == {"penalise", "investigate", "none"}
    assert set(Route) == {"auto", "fusion", "llm", "rules"}
    assert list(Until) == ["verdict", "factors", "reasoning"]
