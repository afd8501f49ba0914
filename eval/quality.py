"""How good the served verdicts are: on unseen simulated cases, on counterfactual pairs, on the golden cases.

Takes: a client of a running service and what to ask. Gives: typed reports with intervals. Does not: compare with
rivals (`eval.scores.margin` does), or show a golden figure before the look is written down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cases.case import Case, LabelledCase
from cases.decision import Decision
from cases.verdict import Verdict
from client.client import Options, VerdictClient
from eval.asking import OnAnswer, ask_all, degraded, verdicts_of
from eval.errors import NotAnsweredError
from eval.figures import percent
from eval.golden_looks import LOOKS, Look, append_looks
from eval.pairs import Followed, followed
from eval.scores import Scores, score
from eval.sets import of_markets
from marketplace.counterfactual import CounterfactualPair

_SHORT: Final = Options(until="verdict", route="llm", deadline_ms=None)


@dataclass(frozen=True, slots=True)
class Answers:
    """The model's verdicts, and probabilities [n, 3] in the order of `VERDICTS`."""

    verdicts: tuple[Verdict, ...]
    probabilities: np.ndarray


async def answers_to(
    client: VerdictClient, cases: Sequence[Case], concurrency: int, on_answer: OnAnswer = lambda _: None
) -> Answers:
    """Ask for every verdict by the model, without a deadline.

    Raises NotAnsweredError when a fallback answered any of them, and the client's errors.
    """
    decisions = await ask_all(client, cases, _SHORT, concurrency, on_answer)
    if degraded(decisions):
        raise NotAnsweredError(f"{degraded(decisions)} of {len(decisions)} cases were answered by a fallback")
    return Answers(verdicts_of(decisions), np.stack([_probabilities(decision) for decision in decisions]))


async def follows(client: VerdictClient, pairs: Sequence[CounterfactualPair], concurrency: int) -> Followed:
    """Both sides of every pair, asked apart."""
    before = await answers_to(client, [pair.original.case for pair in pairs], concurrency)
    after = await answers_to(client, [pair.changed.case for pair in pairs], concurrency)
    return followed(pairs, before.verdicts, after.verdicts)


@dataclass(frozen=True, slots=True)
class GoldenReport:
    """The golden cases of all markets, and those of the markets that the model was trained on."""

    everywhere: Scores
    trained: Scores


async def look_at_golden(
    client: VerdictClient,
    golden: Sequence[LabelledCase],
    trained: frozenset[str],
    concurrency: int,
    looks: Path = LOOKS,
) -> GoldenReport:
    """Ask for every golden case, write the looks down, then give the figures."""
    answers = await answers_to(client, golden, concurrency)
    by_id = dict(zip((case.case_id for case in golden), answers.verdicts, strict=True))
    near = of_markets(golden, trained)
    report = GoldenReport(
        everywhere=score(labels_of(golden), answers.verdicts),
        trained=score(labels_of(near), [by_id[case.case_id] for case in near]),
    )
    append_looks(
        [*_looks("all nine markets", report.everywhere), *_looks(_named(trained), report.trained)], looks
    )
    return report


def labels_of(cases: Sequence[LabelledCase]) -> tuple[Verdict, ...]:
    """The labels' verdicts; raises NotAnsweredError for a case without a label."""
    found = []
    for case in cases:
        if case.label is None:
            raise NotAnsweredError(f"case {case.case_id} has no label to compare with")
        found.append(case.label.verdict)
    return tuple(found)


def _probabilities(decision: Decision) -> np.ndarray:
    if decision.probabilities is None:
        raise NotAnsweredError(f"decision {decision.decision_id} has no probabilities")
    return decision.probabilities.as_array()


def _looks(where: str, scores: Scores) -> list[Look]:
    what = f"verdicts of the shipped model, {where}"
    return [
        Look(f"{what}: accuracy", scores.n, percent(scores.accuracy)),
        Look(f"{what}: precision of induced", scores.called_induced, percent(scores.precision_induced)),
    ]


def _named(trained: frozenset[str]) -> str:
    return "trained markets " + ", ".join(sorted(trained))
