"""How fast the engine itself reads and writes: what the ratios are predicted from.

Takes: the engine and prompts. Gives: `Speeds`, alone and in a crowd. Does not: go through the service.
"""

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from benchmarks.bench import Bench
from benchmarks.load import closed_loop
from cases.case import Case
from cases.verdict import Verdict
from prompts.document import explain_prefix_ids


@dataclass(frozen=True, slots=True)
class Speeds:
    """`fixed_ms`: a request that reads nothing. Crowd figures are totals over all requests in flight."""

    fixed_ms: float
    read_ms_a_token: float
    write_ms_a_token: float
    crowd_read_tokens_a_s: float
    crowd_write_tokens_a_s: float


@dataclass(frozen=True, slots=True)
class Load:
    """What one case costs: tokens to read for the verdict, to read again for the explanation, and to write."""

    read_tokens: float
    reread_tokens: float
    written_tokens: float


async def measure_speeds(bench: Bench, cases: Sequence[Case], crowd: int, writers: int) -> Speeds:
    """Probe the engine with these cases: one by one, then `crowd` verdicts and `writers` explanations at once."""
    fixed_ms, read_ms = await _reading_alone(bench, cases)
    return Speeds(
        fixed_ms=fixed_ms,
        read_ms_a_token=read_ms,
        write_ms_a_token=await _writing_alone(bench, cases[: max(2, len(cases) // 4)]),
        crowd_read_tokens_a_s=await _reading_in_a_crowd(bench, cases, crowd),
        crowd_write_tokens_a_s=await _writing_in_a_crowd(bench, cases, writers),
    )


def predicted_ratio_alone(speeds: Speeds, load: Load) -> float:
    """Whole document over time to verdict, one client: two requests, reading and writing one after the other."""
    verdict_ms = speeds.fixed_ms + load.read_tokens * speeds.read_ms_a_token
    explain_ms = (
        speeds.fixed_ms
        + load.reread_tokens * speeds.read_ms_a_token
        + load.written_tokens * speeds.write_ms_a_token
    )
    return (verdict_ms + explain_ms) / verdict_ms


def predicted_ratio_crowd(speeds: Speeds, load: Load) -> float:
    """Verdicts a second over documents a second, when the engine's time is what is short."""
    verdict_s = load.read_tokens / speeds.crowd_read_tokens_a_s
    explain_s = (
        load.reread_tokens / speeds.crowd_read_tokens_a_s
        + load.written_tokens / speeds.crowd_write_tokens_a_s
    )
    return (verdict_s + explain_s) / verdict_s


async def _reading_alone(bench: Bench, cases: Sequence[Case]) -> tuple[float, float]:
    """Least squares of time over uncached tokens: (milliseconds fixed, milliseconds a token), neither negative."""
    tokens, took_ms = [], []
    for case in cases:
        await bench.fresh_cache([case.market])
        ids = bench.model.prompt(case).ids
        begun = time.perf_counter()
        found = await bench.engine.decide(ids, request_id="speed")
        took_ms.append((time.perf_counter() - begun) * 1000)
        tokens.append(found.prompt_tokens - found.cached_tokens)
    slope, intercept = np.polyfit(tokens, took_ms, 1) if len(set(tokens)) > 1 else (0.0, np.mean(took_ms))
    return max(0.0, float(intercept)), max(0.0, float(slope))


async def _writing_alone(bench: Bench, cases: Sequence[Case]) -> float:
    """Milliseconds between two tokens of one explanation."""
    gaps_ms, tokens = 0.0, 0
    for case in cases:
        first_s, last_s, count = await _explained(bench, case)
        gaps_ms += (last_s - first_s) * 1000
        tokens += count - 1
    return gaps_ms / max(1, tokens)


async def _reading_in_a_crowd(bench: Bench, cases: Sequence[Case], crowd: int) -> float:
    await bench.fresh_cache(bench.model.trained)
    prompts = [bench.model.prompt(case).ids for case in cases]
    run = await closed_loop(prompts, lambda ids: bench.engine.decide(ids, request_id="speed"), crowd)
    return sum(found.prompt_tokens - found.cached_tokens for found in run.answers) / run.elapsed_s


async def _writing_in_a_crowd(bench: Bench, cases: Sequence[Case], writers: int) -> float:
    """All cases have just been read, so their prompts are in the cache and nearly all of the time is writing."""
    run = await closed_loop(cases, lambda case: _explained(bench, case), writers)
    return sum(count for _, _, count in run.answers) / run.elapsed_s


async def _explained(bench: Bench, case: Case) -> tuple[float, float, int]:
    """One explanation, of the verdict "not induced": (first token, last token, tokens)."""
    verdict = Verdict.NOT_INDUCED
    ids = [*bench.model.prompt(case).ids, *explain_prefix_ids(verdict, bench.model.tokenizer)]
    first_s, tokens = 0.0, 0
    async with aclosing(bench.engine.explain(ids, verdict, request_id="speed")) as deltas:
        async for delta in deltas:
            tokens += delta.tokens
            first_s = first_s or time.perf_counter()
    return first_s, time.perf_counter(), tokens
