"""Simulated annotators err as people do: where cases are hard, and for a reason that their reasoning shows.

Takes: simulated cases of one market. Gives: failures where a fault happens without occasion, or a plan is not met.
"""

from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from cases.case import BuyerReason
from cases.errors import ConfigError
from cases.market import Markets, load_markets
from cases.verdict import Verdict
from marketplace.annotate import annotate, hard_for
from marketplace.annotators import Fault, draw_annotators, draw_senior
from marketplace.labelling import Arm, LabellingPlan, LabelTeam, looks_like_trouble
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase, worlds_of

DAY = timedelta(hours=24)


@pytest.fixture(scope="module")
def orders() -> list[SimulatedCase]:
    """Cancelled orders of one market in their natural mix."""
    markets: Markets = load_markets(Path("config/markets"))
    world = worlds_of(SimulationSettings(("SG",), 5, 100_000, "calibration"), markets)[0]
    return list(islice(world.cases(), 2_400))


@pytest.fixture(scope="module")
def cases(orders: list[SimulatedCase]) -> list[SimulatedCase]:
    """A few hundred of them."""
    return orders[:500]


def _first_labels(cases: list[SimulatedCase], level: float, *, senior: bool = False) -> list[bool]:
    """Whether each case is labelled right, by one person after the other."""
    rng = Random(7)
    people = [draw_senior(rng, "SG")] if senior else draw_annotators(rng, "SG", 6)
    scale = people[0].error_level(0) if senior else 1.0
    return [
        annotate(case, people[place % len(people)], level=level * scale, labelled_after=DAY, rng=rng).verdict
        is case.label.verdict
        for place, case in enumerate(cases)
    ]


def test_without_faults_a_label_is_the_policys_own(cases: list[SimulatedCase]) -> None:
    """At level 0 verdict and factors are the truth's; only the name, the moment and the wording are the person's."""
    rng = Random(1)
    who = draw_annotators(rng, "SG", 2)[0]
    for case in cases:
        label = annotate(case, who, level=0.0, labelled_after=DAY, rng=rng)
        assert (label.verdict, label.decision_factors) == (case.label.verdict, case.label.decision_factors)
        assert label.labelled_by == who.annotator_id
        assert label.labelled_at == case.case.order.cancelled_at + DAY


def test_errors_gather_in_hard_cases(cases: list[SimulatedCase]) -> None:
    """A case that one fault would turn is wrong many times more often than one that none would."""
    hard = [bool(hard_for(case)) for case in cases]
    right = _first_labels(cases, level=1.3)
    in_hard = [not ok for ok, is_hard in zip(right, hard, strict=True) if is_hard]
    in_easy = [not ok for ok, is_hard in zip(right, hard, strict=True) if not is_hard]
    assert sum(in_hard) / len(in_hard) > 10 * sum(in_easy) / len(in_easy)
    assert 0.1 < len(in_hard) / len(cases) < 0.6


def test_a_senior_errs_less(cases: list[SimulatedCase]) -> None:
    """The second look is worth its price."""
    assert sum(_first_labels(cases, 1.3, senior=True)) > sum(_first_labels(cases, 1.3)) + 20


def test_a_coached_click_is_what_turns_a_case(cases: list[SimulatedCase]) -> None:
    """An induced case whose buyer clicked a reason of its own is hard for one who trusts clicks."""
    coached = [
        case
        for case in cases
        if case.case.order.buyer_reason is BuyerReason.CHANGE_OF_MIND
        and case.label.verdict is Verdict.INDUCED
    ]
    assert coached
    assert any(Fault.TRUSTS_CLICK in hard_for(case) for case in coached)


def test_a_team_meets_its_plan(orders: list[SimulatedCase], cases: list[SimulatedCase]) -> None:
    """First labels are wrong as often as planned, both arms come in proportion, conflicts are settled."""
    team = LabelTeam(Random(3), "SG", LabellingPlan(first_label_error=0.12), cases)
    labelled = list(team.labels(orders, 600))
    at_random = [one for one in labelled if one.arm is Arm.RANDOM]
    wrong = sum(one.first.verdict is not one.simulated.label.verdict for one in at_random) / len(at_random)
    assert wrong == pytest.approx(0.12, abs=0.04)
    assert len(at_random) / len(labelled) == pytest.approx(0.6, abs=0.05)
    twice = [one for one in labelled if one.second is not None]
    assert len(twice) / len(labelled) == pytest.approx(0.15, abs=0.04)
    for one in twice:
        assert one.second is not None
        assert (one.senior is not None) == (one.second.verdict is not one.first.verdict)
        assert one.second.labelled_by != one.first.labelled_by


def test_weights_give_the_natural_mix_back(orders: list[SimulatedCase], cases: list[SimulatedCase]) -> None:
    """The enriched arm holds more induced cases than the random one; weighed by 1 / drawn, all are the market's mix."""
    labelled = list(LabelTeam(Random(4), "SG", LabellingPlan(), cases).labels(orders, 600))
    natural = _induced_share(orders, [1.0] * len(orders))
    weighed = _induced_share([one.simulated for one in labelled], [1.0 / one.drawn for one in labelled])
    assert weighed == pytest.approx(natural, abs=0.05)
    arms = {arm: [one.simulated for one in labelled if one.arm is arm] for arm in Arm}
    shares = {arm: _induced_share(cases, [1.0] * len(cases)) for arm, cases in arms.items()}
    assert shares[Arm.ENRICHED] > shares[Arm.RANDOM] + 0.05
    assert {looks_like_trouble(case.case) for case in arms[Arm.ENRICHED]} == {True, False}


def _induced_share(cases: list[SimulatedCase], weights: list[float]) -> float:
    induced = sum(w for case, w in zip(cases, weights, strict=True) if case.label.verdict is Verdict.INDUCED)
    return induced / sum(weights)


def test_calibration_labels_are_random_and_senior(
    orders: list[SimulatedCase], cases: list[SimulatedCase]
) -> None:
    """What thresholds are certified on holds no enrichment, and is labelled by the senior alone."""
    team = LabelTeam(Random(5), "SG", LabellingPlan(), cases)
    for one in team.senior_labels(orders, 50):
        assert one.arm is Arm.RANDOM
        assert one.drawn == 1.0
        assert one.current.labelled_by == "senior-sg"


def test_a_second_look_replaces_the_label(orders: list[SimulatedCase], cases: list[SimulatedCase]) -> None:
    """Relabelling keeps the first label beside the senior's, and does not look a third time."""
    team = LabelTeam(Random(6), "SG", LabellingPlan(), cases)
    one = next(iter(team.labels(orders, 1)))
    again = team.relabelled(one)
    assert again.current is again.senior
    assert again.first is one.first
    assert team.relabelled(again) is again


@pytest.mark.parametrize(
    "plan",
    [
        LabellingPlan(first_label_error=0.4),
        LabellingPlan(double_share=1.5),
        LabellingPlan(random_share=0.0),
        LabellingPlan(annotators=1),
    ],
)
def test_an_impossible_plan_is_refused(plan: LabellingPlan) -> None:
    """Before anything is labelled."""
    with pytest.raises(ConfigError):
        plan.checked()
