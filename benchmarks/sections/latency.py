"""Time to verdict against the whole document: alone, and with many clients at once.

Takes: a bench. Gives: two required ratios, each beside the one predicted from the engine's own speeds.
Does not: look at what the golden cases say; simulated cases of their lengths stand in for them.
"""

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.bench import Bench
from benchmarks.load import ClosedRun, closed_loop
from benchmarks.results import Line, SectionResult, Table
from benchmarks.speeds import (
    Load,
    Speeds,
    measure_speeds,
    predicted_ratio_alone,
    predicted_ratio_crowd,
)
from benchmarks.timing import median_ratio, p50_p99
from cases.case import Case
from cases.decision import Decision
from cases.stream import DecisionEvent, VerdictEvent
from client.client import Options, VerdictClient
from eval.asking import body_of, degraded
from eval.errors import NotAnsweredError
from eval.figures import figure
from eval.lengths import cases_of_lengths
from eval.sets import SimulatedSet, any_cases, load_golden
from metrics.intervals import Interval

NEEDED_ALONE: Final = 4.0
NEEDED_CROWD: Final = 2.0
SEED: Final = 20_251_101
WHOLE: Final = Options(until="reasoning", route="llm", deadline_ms=None)
SHORT: Final = Options(until="verdict", route="llm", deadline_ms=None)
_KV_BLOCK_TOKENS: Final = 128


@dataclass(frozen=True, slots=True)
class Alone:
    """One case, nobody else there. `single_ms`: the whole document in one engine request, without the service."""

    verdict_ms: float
    whole_ms: float
    single_ms: float
    decision: Decision
    single_tokens: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """Blocks of both kinds, in the order verdicts, documents, documents, verdicts."""

    verdicts: tuple[ClosedRun[Decision], ...]
    documents: tuple[ClosedRun[Decision], ...]
    clients: int

    @property
    def ratio(self) -> Interval:
        """Verdicts a second over documents a second; the interval spans the ratios of single blocks."""
        pairs = [v.per_s / d.per_s for v in self.verdicts for d in self.documents]
        return Interval(_rate(self.verdicts) / _rate(self.documents), min(pairs), max(pairs))

    @property
    def decisions(self) -> list[Decision]:
        """All of them."""
        return [one for run in (*self.verdicts, *self.documents) for one in run.answers]


async def run(bench: Bench) -> SectionResult:
    """Measure alone, in a crowd, and the engine's own speeds on the same cases."""
    sizes = bench.sizes
    cases = golden_length_cases(bench, sizes.latency_alone + sizes.latency_crowd)
    few, many = cases[: sizes.latency_alone], cases[sizes.latency_alone :]
    alone = [await _alone(bench, case) for case in few]
    bench.tell(f"latency: {len(alone)} cases alone")
    crowd = await _crowd(bench, many)
    bench.tell("latency: crowd done, probing the engine's speeds")
    speeds = await measure_speeds(
        bench, few[: sizes.latency_speed_probes], sizes.latency_clients, bench.settings.explain_slots
    )
    prefixes = bench.model.wording.explain_prefixes.values()
    load = _load(alone, float(np.mean([len(ids) for ids in prefixes])))
    predicted = predicted_ratio_alone(speeds, load), predicted_ratio_crowd(speeds, load)
    fallbacks = degraded([one.decision for one in alone]) + degraded(crowd.decisions)
    return SectionResult(
        section="latency",
        lines=_lines(alone, crowd, predicted, fallbacks),
        tables=(_times_table(alone, crowd), _speeds_table(speeds, load), _lengths_table(bench, few, alone)),
        notes=(
            (
                "Uncached: before every case (alone) or block (crowd) the prefix cache is emptied and only the static"
                " prefix read again. Greedy, deadline off, no stored answers."
            ),
            "No GPU was at hand: the comparison for an 8B-shaped model was not run.",
        ),
    )


def golden_length_cases(bench: Bench, count: int) -> list[Case]:
    """Simulated cases whose prompts are as long as the golden cases' prompts, which are taken in turn."""

    def tokens(case: Case) -> int:
        return bench.model.prompt(case).case_tokens

    golden = [tokens(case) for case in load_golden(bench.model.markets)]
    wanted = [golden[index % len(golden)] for index in np.random.default_rng(SEED).permutation(count)]
    pool = any_cases(SimulatedSet(bench.model.trained, 2 * count, SEED), bench.model.markets)
    return cases_of_lengths(wanted, pool, tokens)


async def _alone(bench: Bench, case: Case) -> Alone:
    await bench.fresh_cache([case.market])
    async with bench.client() as client:
        verdict_ms, whole_ms, decision = await _streamed(client, case)
    await bench.fresh_cache([case.market])
    ids = bench.model.prompt(case).ids
    begun, tokens = time.perf_counter(), 0
    stream = bench.engine.generate(ids, temperature=0.0, seed=0, request_id="latency")
    async with aclosing(stream) as deltas:
        async for delta in deltas:
            tokens += delta.tokens
    return Alone(verdict_ms, whole_ms, (time.perf_counter() - begun) * 1000, decision, tokens)


async def _streamed(client: VerdictClient, case: Case) -> tuple[float, float, Decision]:
    """Milliseconds to the verdict event and to the last event, as the client sees them."""
    begun, verdict_ms = time.perf_counter(), 0.0
    async with aclosing(client.stream(body_of(case), **WHOLE)) as events:
        async for event in events:
            if isinstance(event, VerdictEvent):
                verdict_ms = (time.perf_counter() - begun) * 1000
            elif isinstance(event, DecisionEvent):
                return verdict_ms, (time.perf_counter() - begun) * 1000, event
    raise NotAnsweredError(f"case {case.case_id}: the stream ended with a problem")


async def _crowd(bench: Bench, cases: Sequence[Case]) -> Crowd:
    """Four blocks, each with a fresh cache: a drift of the machine weighs on both kinds alike."""
    half = len(cases) // 2
    first, second = cases[:half], cases[half:]
    clients = bench.sizes.latency_clients
    async with bench.client(clients) as client:
        blocks = []
        for block, options in ((first, SHORT), (first, WHOLE), (second, WHOLE), (second, SHORT)):
            await bench.fresh_cache(bench.model.trained)

            async def ask(case: Case, options: Options = options) -> Decision:
                return await client.decide(body_of(case), **options)

            blocks.append(await closed_loop(block, ask, clients))
    return Crowd(verdicts=(blocks[0], blocks[3]), documents=(blocks[1], blocks[2]), clients=clients)


def _rate(runs: Sequence[ClosedRun[Decision]]) -> float:
    return sum(len(run.answers) for run in runs) / sum(run.elapsed_s for run in runs)


def _load(alone: Sequence[Alone], prefix_tokens: float) -> Load:
    """`prefix_tokens`: what the explain request appends to the prompt, the label and the way to the factors."""
    tokens = [one.decision.tokens for one in alone]
    reread = [count.prompt % _KV_BLOCK_TOKENS + prefix_tokens for count in tokens]
    return Load(
        read_tokens=float(np.mean([count.prompt - count.cached for count in tokens])),
        reread_tokens=float(np.mean(reread)),
        written_tokens=float(np.mean([count.generated - 1 for count in tokens])),
    )


def _lines(
    alone: Sequence[Alone], crowd: Crowd, predicted: tuple[float, float], fallbacks: int
) -> tuple[Line, ...]:
    verdict_ms = [one.verdict_ms for one in alone]
    whole = median_ratio([one.whole_ms for one in alone], verdict_ms)
    single = median_ratio([one.single_ms for one in alone], verdict_ms)
    ratio, clients = crowd.ratio, crowd.clients
    decisions = len(alone) + len(crowd.decisions)
    return (
        Line(
            what="One client: whole document (decide, then explain) over time to verdict, p50",
            required=f"at least {NEEDED_ALONE:.0f}",
            measured=f"{figure(whole, 'x', 2)}; predicted {predicted[0]:.2f}x",
            n=len(alone),
            holds=whole.value >= NEEDED_ALONE,
        ),
        Line(
            what="One client: whole document in a single engine request, without the service, over time to verdict",
            required=f"at least {NEEDED_ALONE:.0f}",
            measured=figure(single, "x", 2),
            n=len(alone),
            holds=single.value >= NEEDED_ALONE,
        ),
        Line(
            what=f"{clients} clients: verdicts a second (until=verdict) over whole documents a second",
            required=f"at least {NEEDED_CROWD:.0f}",
            measured=f"{ratio.value:.2f}x (blocks {ratio.low:.2f} to {ratio.high:.2f}); predicted {predicted[1]:.2f}x",
            n=len(crowd.decisions),
            holds=ratio.value >= NEEDED_CROWD,
        ),
        Line(
            what="Degraded share of all of them",
            required="0",
            measured=f"{fallbacks} of {decisions}",
            n=decisions,
            holds=fallbacks == 0,
        ),
    )


def _times_table(alone: Sequence[Alone], crowd: Crowd) -> Table:
    def row(name: str, values: Sequence[float]) -> tuple[str, ...]:
        return (name, str(len(values)), *p50_p99(values))

    clients = crowd.clients
    verdicts = [one.timings_ms["to_verdict"] for run in crowd.verdicts for one in run.answers]
    documents = [one.timings_ms["total"] for run in crowd.documents for one in run.answers]
    return Table(
        title="Times",
        columns=("what", "n", "p50", "p99"),
        rows=(
            row("one client: time to verdict", [one.verdict_ms for one in alone]),
            row("one client: whole document, decide then explain", [one.whole_ms for one in alone]),
            row("one client: whole document, single engine request", [one.single_ms for one in alone]),
            row(f"{clients} clients, until=verdict: time to verdict, by the service's clock", verdicts),
            row(f"{clients} clients, whole documents: time to the end, by the service's clock", documents),
        ),
        note=f"{clients} clients: {_rate(crowd.verdicts):.2f} verdicts/s, {_rate(crowd.documents):.2f} documents/s.",
    )


def _speeds_table(speeds: Speeds, load: Load) -> Table:
    return Table(
        title="The engine's own speeds, from which the ratios are predicted",
        columns=("what", "value"),
        rows=(
            ("a request that reads nothing", f"{speeds.fixed_ms:.1f} ms"),
            ("reading, alone", f"{speeds.read_ms_a_token:.4f} ms a token"),
            ("writing, alone", f"{speeds.write_ms_a_token:.2f} ms a token"),
            ("reading, in a crowd", f"{speeds.crowd_read_tokens_a_s:.0f} tokens/s"),
            ("writing, in a crowd", f"{speeds.crowd_write_tokens_a_s:.0f} tokens/s"),
            ("a case: tokens to read", f"{load.read_tokens:.0f}"),
            ("a case: tokens to read again for the explanation", f"{load.reread_tokens:.0f}"),
            ("a case: tokens to write", f"{load.written_tokens:.0f}"),
        ),
    )


def _lengths_table(bench: Bench, cases: Sequence[Case], alone: Sequence[Alone]) -> Table:
    def row(name: str, values: Sequence[int]) -> tuple[str, ...]:
        low, mid, high = np.quantile(values, (0.1, 0.5, 0.9))
        return (name, f"{np.mean(values):.0f}", f"{low:.0f}", f"{mid:.0f}", f"{high:.0f}", str(max(values)))

    golden = [bench.model.prompt(case).case_tokens for case in load_golden(bench.model.markets)]
    return Table(
        title="Lengths in tokens",
        columns=("what", "mean", "p10", "p50", "p90", "max"),
        rows=(
            row("golden cases, the case's part of the prompt", golden),
            row("cases measured, the same part", [bench.model.prompt(case).case_tokens for case in cases]),
            row("whole prompts", [one.decision.tokens.prompt for one in alone]),
            row("of them cached (the static prefix)", [one.decision.tokens.cached for one in alone]),
            row("documents, decide then explain", [one.decision.tokens.generated for one in alone]),
            row("documents, single engine request", [one.single_tokens for one in alone]),
        ),
    )
