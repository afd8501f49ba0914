"""Whole documents with and without the grammar: malformed ones, faithfulness, variety, factors.

Takes: a bench. Gives: one required line (no malformed document under the grammar) and what else the documents show.
Does not: repair a malformed document.

With the grammar the service writes them (decide, then explain). Without, the engine is asked directly for the whole
document in one request: the service has no such option.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from benchmarks.bench import Bench
from benchmarks.load import closed_loop
from benchmarks.results import Line, SectionResult, Table
from cases.case import Case
from cases.errors import DocumentError
from cases.factor import Factor
from client.client import Options
from eval.asking import ask_all
from eval.errors import NotAnsweredError
from eval.faithfulness import Faithfulness, Topic, dealt_to_others, measure
from eval.figures import NOTHING, figure, percent
from eval.scores import factor_f1, share, supported_share
from eval.sets import SimulatedSet, simulated_cases
from marketplace.simulate import SimulatedCase
from metrics.intervals import Interval
from prompts.document import VERDICT_OPEN
from prompts.parser import parse_document

SEED: Final = 20_251_105
_CLIENTS: Final = 16
_WHOLE: Final = Options(until="reasoning", route="llm", deadline_ms=None)
_MALFORMED: Final = "explanation_malformed"
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Written:
    """One document's factors and reasoning, or the name of its fault."""

    factors: tuple[Factor, ...] = ()
    reasoning: str = ""
    fault: str = ""


async def run(bench: Bench) -> SectionResult:
    """The same cases with and without the grammar."""
    pool = simulated_cases(
        SimulatedSet(bench.model.trained, bench.sizes.documents, SEED), bench.model.markets
    )
    cases = [simulated.case for simulated in pool]
    with_grammar = await _with_grammar(bench, cases)
    bench.tell("documents: written under the grammar")
    without = await _without_grammar(bench, cases)
    bench.tell("documents: written without the grammar")
    shares = _malformed(with_grammar), _malformed(without)
    faithful = _faithful(with_grammar, pool), _faithful(without, pool)
    chance = measure(dealt_to_others([one.reasoning for one in with_grammar], pool))
    return SectionResult(
        section="documents",
        lines=(
            *_malformed_lines(shares, len(cases)),
            *_content_lines(with_grammar, pool, faithful[0], chance),
        ),
        tables=(
            _faithfulness_table(faithful, chance),
            _faults_table(with_grammar, without),
            _both_table(with_grammar, without, pool),
        ),
        notes=_unsupported_notes(faithful[0]),
    )


async def _with_grammar(bench: Bench, cases: Sequence[Case]) -> list[Written]:
    async with bench.client(_CLIENTS) as client:
        decisions = await ask_all(client, cases, _WHOLE, _CLIENTS)
    written = []
    for decision in decisions:
        reason = decision.degraded_reason or ""
        if reason and not reason.startswith(_MALFORMED):
            raise NotAnsweredError(f"case {decision.case_id} has no document of the model: {reason}")
        written.append(Written(decision.decision_factors or (), decision.reasoning or "", reason))
    return written


async def _without_grammar(bench: Bench, cases: Sequence[Case]) -> list[Written]:
    async def write(case: Case) -> Written:
        ids, text = bench.model.prompt(case).ids, ""
        stream = bench.engine.generate(
            ids, temperature=0.0, seed=0, request_id="no-grammar", constrained=False
        )
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                text += delta.text
        try:
            document = parse_document(VERDICT_OPEN + text)
        except DocumentError as error:
            return Written(fault=error.code)
        return Written(document.factors, document.reasoning)

    return (await closed_loop(cases, write, bench.settings.explain_slots)).answers


def _malformed(written: Sequence[Written]) -> Interval:
    return share(sum(bool(one.fault) for one in written), len(written))


def _faithful(written: Sequence[Written], pool: Sequence[SimulatedCase]) -> Faithfulness:
    return measure(
        (one.reasoning, simulated) for one, simulated in zip(written, pool, strict=True) if not one.fault
    )


def _malformed_lines(shares: tuple[Interval, Interval], n: int) -> tuple[Line, ...]:
    with_grammar, without = shares
    return (
        Line(
            what="Malformed documents under the grammar",
            required="0",
            measured=percent(with_grammar),
            n=n,
            holds=with_grammar.value == 0.0,
        ),
        Line(
            what="Malformed documents without the grammar",
            required="-",
            measured=percent(without),
            n=n,
            holds=None,
        ),
    )


def _content_lines(
    written: Sequence[Written], pool: Sequence[SimulatedCase], faithful: Faithfulness, chance: Faithfulness
) -> tuple[Line, ...]:
    supported, by_chance = supported_share(faithful), supported_share(chance)
    distinct = len({one.reasoning for one in written if not one.fault})
    good = sum(not one.fault for one in written)
    return (
        Line(
            what="Faithfulness: of the checkable statements, the share that the record supports",
            required="-",
            measured=f"{percent(supported)} of {faithful.total.stated} statements"
            f" (the same reasonings dealt to other cases of their label: {percent(by_chance)})",
            n=faithful.reasonings,
            holds=None,
        ),
        Line(
            what="Distinct reasonings",
            required="-",
            measured=f"{distinct / good:.1%} ({distinct} of {good})" if good else NOTHING,
            n=good,
            holds=None,
        ),
        Line(
            what="Factor micro-F1 against the labels",
            required="-",
            measured=figure(_factors(written, pool)),
            n=len(written),
            holds=None,
        ),
    )


def _factors(written: Sequence[Written], pool: Sequence[SimulatedCase]) -> Interval:
    """A malformed document names no factor, which counts against it."""
    return factor_f1([set(s.label.decision_factors) for s in pool], [set(one.factors) for one in written])


def _faithfulness_table(faithful: tuple[Faithfulness, Faithfulness], chance: Faithfulness) -> Table:
    rows = []
    for topic in Topic:
        cells = [
            share(found.by_topic[topic].supported, found.by_topic[topic].stated)
            for found in (*faithful, chance)
        ]
        rows.append(
            (topic.value, str(faithful[0].by_topic[topic].stated), *(percent(cell) for cell in cells))
        )
    return Table(
        title="Statements that the record supports",
        columns=("about", "stated", "with grammar", "without grammar", "dealt to other cases"),
        rows=tuple(rows),
        note=f"{faithful[0].reasonings_without} of {faithful[0].reasonings} reasonings state nothing of these kinds.",
    )


def _faults_table(with_grammar: Sequence[Written], without: Sequence[Written]) -> Table:
    counts = [Counter(one.fault for one in written if one.fault) for written in (with_grammar, without)]
    names = sorted(set(counts[0]) | set(counts[1]))
    rows = tuple((name, str(counts[0][name]), str(counts[1][name])) for name in names)
    return Table(title="Faults", columns=("fault", "with grammar", "without"), rows=rows)


def _both_table(
    with_grammar: Sequence[Written], without: Sequence[Written], pool: Sequence[SimulatedCase]
) -> Table:
    rows = []
    for name, written in (("with grammar", with_grammar), ("without grammar", without)):
        reasonings = [one.reasoning for one in written if not one.fault]
        characters = sum(map(len, reasonings)) / max(1, len(reasonings))
        rows.append((name, figure(_factors(written, pool)), str(len(set(reasonings))), f"{characters:.0f}"))
    return Table(
        title="Both ways",
        columns=("documents", "factor micro-F1", "distinct reasonings", "characters of a reasoning"),
        rows=tuple(rows),
    )


def _unsupported_notes(faithful: Faithfulness) -> tuple[str, ...]:
    """A few unsupported statements as they stand, so that a reader can judge what kind of errors they are."""
    step = max(1, len(faithful.unsupported) // _SHOWN)
    shown = faithful.unsupported[::step][:_SHOWN]
    return (f"Unsupported statements, every {step}th: " + "; ".join(shown),) if shown else ()
