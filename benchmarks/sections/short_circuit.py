"""What the short circuit is worth to the engine: one token a verdict, freed when nobody listens, never in the way.

Takes: a bench. Gives: three required lines. Does not: trust the service's own counts; vLLM's counters decide.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from benchmarks.bench import Bench
from benchmarks.engine_counters import read_counters, requests_running
from benchmarks.load import closed_loop
from benchmarks.results import Line, SectionResult, Table
from benchmarks.sections.crowded import crowded
from benchmarks.timing import p50_p99, quantile
from cases.case import Case
from cases.decision import Decision
from cases.stream import ReasoningEvent
from client.client import Options
from eval.asking import body_of
from eval.errors import NotAnsweredError
from eval.figures import figure
from eval.sets import SimulatedSet, any_cases

FREED_WITHIN_MS: Final = 100.0
SEED: Final = 20_251_103
_CLIENTS: Final = 8
_GIVE_UP_S: Final = 10.0
_SHORT: Final = Options(until="verdict", route="llm", deadline_ms=None)
_WHOLE: Final = Options(until="reasoning", route="llm", deadline_ms=None)


async def run(bench: Bench) -> SectionResult:
    """Count tokens, walk away from streams, and ask for verdicts while explanations queue."""
    sizes = bench.sizes
    cases = any_cases(
        SimulatedSet(bench.model.trained, sizes.one_token + sizes.leavers, SEED), bench.model.markets
    )
    one_token = await _one_token(bench, cases[: sizes.one_token])
    bench.tell("short_circuit: tokens counted")
    freed, freed_table = await _leavers(bench, cases[sizes.one_token :])
    bench.tell("short_circuit: walked away from streams")
    lines, table = await crowded(bench)
    return SectionResult(
        section="short_circuit",
        lines=(one_token, freed, *lines),
        tables=(freed_table, table),
        notes=(
            (
                "Time to verdict while explanations queue is counted from the moment at which a request was due (open"
                " loop, Poisson arrivals), so that a late start counts as waiting."
            ),
        ),
    )


async def _one_token(bench: Bench, cases: Sequence[Case]) -> Line:
    await bench.fresh_cache(bench.model.trained)
    before = await read_counters(bench.engine_http)
    async with bench.client() as client:

        async def ask(case: Case) -> Decision:
            return await client.decide(body_of(case), **_SHORT)

        await closed_loop(cases, ask, _CLIENTS)
    await _until_idle(bench)
    generated = (await read_counters(bench.engine_http)).generated_tokens - before.generated_tokens
    return Line(
        what="until=verdict: tokens that the engine generated, by vLLM's own counter",
        required="1 a case",
        measured=f"{generated} for {len(cases)} cases",
        n=len(cases),
        holds=generated == len(cases),
    )


async def _leavers(bench: Bench, cases: Sequence[Case]) -> tuple[Line, Table]:
    """Leave every stream at its first words of reasoning and watch the engine until nothing runs."""
    freed_ms, saved = [], []
    for case in cases:
        took_ms, tokens = await _leave(bench, case)
        freed_ms.append(took_ms)
        saved.append(tokens)
    longest = max(freed_ms)
    line = Line(
        what="A client that leaves frees the engine (vllm:num_requests_running back to 0)",
        required=f"within {FREED_WITHIN_MS:.0f} ms",
        measured=f"p50 {figure(quantile(freed_ms, 0.5), 'ms', 1)}, longest {longest:.1f} ms",
        n=len(freed_ms),
        holds=longest <= FREED_WITHIN_MS,
    )
    table = Table(
        title="A client leaves in the middle of the reasoning",
        columns=("what", "p50", "p99"),
        rows=(
            ("from leaving to an idle engine", *p50_p99(freed_ms)),
            ("one look at the engine's counters", *p50_p99(await _looks(bench))),
        ),
        note=f"The engine had written {sum(saved) / len(saved):.0f} tokens on average when the client left.",
    )
    return line, table


async def _leave(bench: Bench, case: Case) -> tuple[float, int]:
    before = (await read_counters(bench.engine_http)).generated_tokens
    async with bench.client() as client:
        async with aclosing(client.stream(body_of(case), **_WHOLE)) as events:
            async for event in events:
                if isinstance(event, ReasoningEvent):
                    break
            begun = time.perf_counter()
        await _until_idle(bench)
    took_ms = (time.perf_counter() - begun) * 1000
    return took_ms, (await read_counters(bench.engine_http)).generated_tokens - before


async def _until_idle(bench: Bench) -> None:
    give_up = time.perf_counter() + _GIVE_UP_S
    while await requests_running(bench.engine_http):
        if time.perf_counter() > give_up:
            raise NotAnsweredError(
                f"the engine was still at work {_GIVE_UP_S:.0f} s after the last client had left"
            )
        await asyncio.sleep(0)


async def _looks(bench: Bench) -> list[float]:
    """How long a look itself takes: the resolution of what was measured."""
    taken = []
    for _ in range(20):
        begun = time.perf_counter()
        await requests_running(bench.engine_http)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken
