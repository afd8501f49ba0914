"""The same cases twice: same verdicts, same probabilities, same documents?

Takes: a bench. Gives: two required lines (alone, and with 32 clients) and the list of cases that differed.
Does not: let anything be remembered: the prefix cache is emptied before every pass, and answers are never looked up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.bench import Bench
from benchmarks.load import closed_loop
from benchmarks.results import Line, SectionResult, Table
from cases.case import Case
from cases.decision import Decision
from client.client import Options
from eval.asking import body_of
from eval.errors import NotAnsweredError
from eval.sets import SimulatedSet, any_cases

CLOSE: Final = 0.01
SEED: Final = 20_251_106
_CROWD: Final = 32
_SHORT: Final = Options(until="verdict", route="llm", deadline_ms=None)
_WHOLE: Final = Options(until="reasoning", route="llm", deadline_ms=None)


@dataclass(frozen=True, slots=True)
class Difference:
    """A case whose verdict was not the same in two passes; `gap` is between its top two probabilities, the larger."""

    case_id: str
    first: str
    second: str
    gap: float


async def run(bench: Bench) -> SectionResult:
    """Two passes alone, two in a crowd; then documents, in the same ways."""
    sizes = bench.sizes
    cases = any_cases(SimulatedSet(bench.model.trained, sizes.twice, SEED), bench.model.markets)
    alone = [await _pass(bench, cases, _SHORT, 1) for _ in range(2)]
    bench.tell("determinism: two passes alone")
    crowd = [await _pass(bench, cases, _SHORT, _CROWD) for _ in range(2)]
    bench.tell("determinism: two passes in a crowd")
    few = cases[: sizes.twice_documents]
    written_alone = [await _pass(bench, few, _WHOLE, 1) for _ in range(2)]
    written_crowd = [await _pass(bench, few, _WHOLE, _CROWD) for _ in range(2)]
    found = differences(crowd[0], crowd[1]) + differences(alone[0], crowd[0])
    return SectionResult(
        section="determinism",
        lines=(
            _alone_line(alone, written_alone),
            _crowd_line(len(cases), found),
        ),
        tables=(
            _passes_table(alone, crowd, written_alone, written_crowd),
            Table(
                title="Cases whose verdict differed (two passes of 32 clients, or alone against 32 clients)",
                columns=("case", "first", "second", "gap of the top two probabilities"),
                rows=tuple((d.case_id, d.first, d.second, f"{d.gap:.4f}") for d in found),
            ),
        ),
    )


async def _pass(bench: Bench, cases: Sequence[Case], options: Options, clients: int) -> list[Decision]:
    await bench.fresh_cache(bench.model.trained)
    async with bench.client(clients) as client:

        async def ask(case: Case) -> Decision:
            decision = await client.decide(body_of(case), **options)
            if decision.degraded:
                raise NotAnsweredError(
                    f"case {case.case_id} was answered by a fallback: {decision.degraded_reason}"
                )
            return decision

        return (await closed_loop(cases, ask, clients)).answers


def differences(first: Sequence[Decision], second: Sequence[Decision]) -> list[Difference]:
    """The cases with two verdicts, in order."""
    return [
        Difference(one.case_id, str(one.verdict), str(other.verdict), max(_gap(one), _gap(other)))
        for one, other in zip(first, second, strict=True)
        if one.verdict is not other.verdict
    ]


def _gap(decision: Decision) -> float:
    if decision.probabilities is None:
        return 1.0
    top = np.sort(decision.probabilities.as_array())
    return float(top[-1] - top[-2])


def _same(first: Sequence[Decision], second: Sequence[Decision]) -> int:
    """Identical in verdict and, to the last bit, in probabilities."""
    pairs = zip(first, second, strict=True)
    return sum((a.verdict, a.probabilities) == (b.verdict, b.probabilities) for a, b in pairs)


def _largest(first: Sequence[Decision], second: Sequence[Decision]) -> float:
    pairs = [(a.probabilities, b.probabilities) for a, b in zip(first, second, strict=True)]
    gaps = [
        float(np.abs(a.as_array() - b.as_array()).max()) for a, b in pairs if a is not None and b is not None
    ]
    return max(gaps, default=float("nan"))


def _same_documents(first: Sequence[Decision], second: Sequence[Decision]) -> int:
    pairs = zip(first, second, strict=True)
    return sum((a.decision_factors, a.reasoning) == (b.decision_factors, b.reasoning) for a, b in pairs)


def _alone_line(alone: Sequence[Sequence[Decision]], written: Sequence[Sequence[Decision]]) -> Line:
    same, documents = _same(*alone), _same_documents(*written)
    cases, few = len(alone[0]), len(written[0])
    return Line(
        what="The same cases twice, one client: identical verdict and probabilities; identical documents",
        required="all",
        measured=f"{same} of {cases}; {documents} of {few}",
        n=cases,
        holds=same == cases and documents == few,
    )


def _crowd_line(cases: int, found: Sequence[Difference]) -> Line:
    unexplained = [one for one in found if one.gap >= CLOSE]
    return Line(
        what="The same cases twice, 32 clients: identical verdicts, but for listed cases whose top two probabilities"
        f" are less than {CLOSE} apart",
        required="no other",
        measured=f"{len(found)} listed, {len(unexplained)} other",
        n=cases,
        holds=not unexplained,
    )


def _passes_table(
    alone: Sequence[Sequence[Decision]],
    crowd: Sequence[Sequence[Decision]],
    written_alone: Sequence[Sequence[Decision]],
    written_crowd: Sequence[Sequence[Decision]],
) -> Table:
    def verdicts(first: Sequence[Decision], second: Sequence[Decision]) -> str:
        return f"{len(first) - len(differences(first, second))} of {len(first)}"

    rows = (
        ("alone, twice: verdicts", verdicts(*alone)),
        ("alone, twice: verdict and probabilities, to the last bit", f"{_same(*alone)} of {len(alone[0])}"),
        ("32 clients, twice: verdicts", verdicts(*crowd)),
        (
            "32 clients, twice: verdict and probabilities, to the last bit",
            f"{_same(*crowd)} of {len(crowd[0])}",
        ),
        ("32 clients, twice: largest difference of a probability", f"{_largest(*crowd):.4f}"),
        ("alone against 32 clients: verdicts", verdicts(alone[0], crowd[0])),
        (
            "alone against 32 clients: largest difference of a probability",
            f"{_largest(alone[0], crowd[0]):.4f}",
        ),
        ("alone, twice: documents", f"{_same_documents(*written_alone)} of {len(written_alone[0])}"),
        ("32 clients, twice: documents", f"{_same_documents(*written_crowd)} of {len(written_crowd[0])}"),
    )
    return Table(title="Identical answers", columns=("passes", "identical"), rows=rows)
