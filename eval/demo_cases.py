"""Which ten golden cases the demo shows: a rule fixed before any model ran.

Takes: the golden cases and the markets that the shipped model was trained on. Gives: ten cases.
Does not: look at any verdict of a model.

The rule: trained markets first; in them the verdicts take turns (induced, not_induced, inconclusive), each giving
its case with the lowest id that was not taken yet, until there are ten. Other markets fill up in the same way.
"""

from collections.abc import Collection, Sequence

from cases.case import LabelledCase
from cases.verdict import VERDICTS

DEMO_CASES = 10


def choose_demo_cases(
    cases: Sequence[LabelledCase], trained_markets: Collection[str], count: int = DEMO_CASES
) -> list[LabelledCase]:
    """The demo's cases in the order in which they are shown. Unlabelled cases are never chosen."""
    labelled = sorted((case for case in cases if case.label is not None), key=lambda case: case.case_id)
    trained = [case for case in labelled if case.market in trained_markets]
    others = [case for case in labelled if case.market not in trained_markets]
    return (_by_turns(trained) + _by_turns(others))[:count]


def _by_turns(cases: Sequence[LabelledCase]) -> list[LabelledCase]:
    queues = [
        [c for c in cases if c.label is not None and c.label.verdict is verdict] for verdict in VERDICTS
    ]
    turns = range(max((len(queue) for queue in queues), default=0))
    return [queue[turn] for turn in turns for queue in queues if turn < len(queue)]
