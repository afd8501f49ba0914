"""The rule by which the demo's cases are chosen, fixed before any model ran."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cases.case import Label, LabelledCase, Order
from cases.factor import factors_for
from cases.market import load_markets
from cases.verdict import VERDICTS, Verdict
from eval.demo_cases import DEMO_CASES, choose_demo_cases
from eval.sets import load_golden

AT = datetime(2025, 3, 1, tzinfo=UTC)
TRAINED = ("SG", "ID", "BR")


def _case(case_id: str, market: str, verdict: Verdict | None) -> LabelledCase:
    label = None
    if verdict is not None:
        reasoning = "The record shows it plainly."
        label = Label(
            verdict=verdict,
            decision_factors=factors_for(verdict)[:1],
            reasoning=reasoning,
            labelled_by="a",
            labelled_at=AT,
            policy_version="1",
        )
    order = Order(order_id="o", placed_at=AT, cancelled_at=AT)
    return LabelledCase(case_id=case_id, market=market, order=order, label=label)


CASES = st.lists(
    st.builds(
        _case,
        st.integers(0, 999).map("g{:03}".format),
        st.sampled_from(["SG", "ID", "BR", "TH", "MX"]),
        st.sampled_from([*VERDICTS, None]),
    ),
    unique_by=lambda case: case.case_id,
)


def test_the_ten_of_this_repository() -> None:
    """Ten golden cases of the trained markets, verdicts in turn, each time the lowest id that is left."""
    root = Path(__file__).resolve().parents[2]
    chosen = choose_demo_cases(load_golden(load_markets(root / "config" / "markets")), TRAINED)
    assert [case.case_id for case in chosen] == [
        "g001-br",
        "g019-id",
        "g022-br",
        "g011-br",
        "g024-br",
        "g062-br",
        "g013-id",
        "g030-id",
        "g094-sg",
        "g025-id",
    ]
    assert len(chosen) == DEMO_CASES


def test_verdicts_take_turns_and_low_ids_go_first() -> None:
    """Each round takes the next case of every verdict; a verdict that has none left is passed over."""
    cases = [
        _case("g5", "SG", Verdict.INDUCED),
        _case("g1", "SG", Verdict.INCONCLUSIVE),
        _case("g2", "SG", Verdict.INDUCED),
        _case("g4", "SG", Verdict.NOT_INDUCED),
        _case("g3", "SG", Verdict.INDUCED),
    ]
    assert [case.case_id for case in choose_demo_cases(cases, TRAINED)] == ["g2", "g4", "g1", "g3", "g5"]


def test_other_markets_fill_up() -> None:
    """Cases of markets without training come only after all of the trained ones; unlabelled ones never."""
    cases = [
        _case("g1", "TH", Verdict.INDUCED),
        _case("g2", "SG", None),
        _case("g3", "BR", Verdict.INDUCED),
        _case("g4", "MX", Verdict.NOT_INDUCED),
    ]
    assert [case.case_id for case in choose_demo_cases(cases, TRAINED)] == ["g3", "g1", "g4"]


@given(cases=CASES, seed=st.randoms(use_true_random=False), count=st.integers(0, 12))
def test_the_choice_depends_on_the_set_alone(cases: list[LabelledCase], seed: object, count: int) -> None:
    """Whatever the order of the file: the same distinct labelled cases, as many as there are, at most `count`."""
    chosen = choose_demo_cases(cases, TRAINED, count)
    shuffled = list(cases)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose_demo_cases(shuffled, TRAINED, count) == chosen
    labelled = [case for case in cases if case.label is not None]
    assert len({case.case_id for case in chosen}) == len(chosen) == min(count, len(labelled))
    trained = [case.market in TRAINED for case in chosen]
    assert trained == sorted(trained, reverse=True)
