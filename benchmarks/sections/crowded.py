"""Verdicts while more explanations queue than the engine takes at once, against the same verdicts without them.

Takes: a bench. Gives: time to verdict with and without, and whether any verdict waited. Does not: count verdicts that
were due while too few explanations were queued.

In rounds: the same verdicts, due at the same moments, first without explanations, then behind a backlog of them. The
backlog's own verdicts are all told before the first is measured, so the verdict rate is the same both times.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from benchmarks.bench import Bench
from benchmarks.engine_counters import gauge, read_counters
from benchmarks.load import open_loop, poisson_moments_s
from benchmarks.results import Line, Table
from benchmarks.timing import p50_p99, quantile_ratio
from cases.case import Case
from cases.stream import VerdictEvent
from client.client import Options
from eval.asking import body_of
from eval.figures import figure
from eval.sets import SimulatedSet, any_cases

MOST_RATIO: Final = 2.0
SEED: Final = 20_251_104
_SHORT: Final = Options(until="verdict", route="llm", deadline_ms=None)
_WHOLE: Final = Options(until="reasoning", route="llm", deadline_ms=None)
_LOOK_EVERY_S: Final = 0.25
NO_WAIT_MS: Final = 10.0
"""A slot is free again when another verdict is done, which takes several times as long."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One verdict: when it was due, how long it took from then, and how long it waited for a slot in the service."""

    due_s: float
    took_ms: float
    queued_ms: float


@dataclass(frozen=True, slots=True)
class Look:
    """One look: explanations queued or running in the service; requests running and waiting in the engine."""

    at_s: float
    explanations: float
    running: int
    waiting: int


@dataclass(slots=True)
class Watch:
    """What was seen, in order."""

    looks: list[Look] = field(default_factory=list)

    def since(self, moment_s: float) -> list[Look]:
        """The looks from the moment on."""
        return [look for look in self.looks if look.at_s >= moment_s]

    def explanations_at(self, moment_s: float) -> float:
        """At the first look after the moment (the fewest there can have been, since they only get fewer)."""
        return next((look.explanations for look in self.since(moment_s)), 0.0)


async def crowded(bench: Bench) -> tuple[tuple[Line, ...], Table]:
    """Rounds until enough verdicts were measured behind a full queue."""
    sizes, slots = bench.sizes, bench.settings.engine_max_num_seqs
    each = -(-sizes.crowd_probes * 2 // sizes.crowd_rounds)
    cases = any_cases(
        SimulatedSet(bench.model.trained, sizes.crowd_rounds * each + sizes.crowd_backlog, SEED),
        bench.model.markets,
    )
    backlog, cases = cases[: sizes.crowd_backlog], cases[sizes.crowd_backlog :]
    without: list[Probe] = []
    behind: list[Probe] = []
    looks: list[Look] = []
    for number in range(sizes.crowd_rounds):
        share = cases[number * each : (number + 1) * each]
        moments = poisson_moments_s(len(share), sizes.probes_per_s, SEED + number)
        await bench.fresh_cache(bench.model.trained)
        free = await _probes(bench, share, moments)
        await bench.fresh_cache(bench.model.trained)
        async with _explanations(bench, backlog) as watch:
            full = await _probes(bench, share, moments)
        for one, other in zip(free, full, strict=True):
            if watch.explanations_at(other.due_s + other.took_ms / 1000) > slots:
                without.append(one)
                behind.append(other)
        looks += watch.since(full[0].due_s)
        bench.tell(f"short_circuit: {len(behind)} verdicts behind a full queue")
        if len(behind) >= sizes.crowd_probes:
            break
    return _lines(without, behind, looks, slots), _table(without, behind)


async def _probes(bench: Bench, cases: Sequence[Case], moments_s: np.ndarray) -> list[Probe]:
    async with bench.client(len(cases)) as client:

        async def ask(case: Case, due_s: float) -> Probe:
            decision = await client.decide(body_of(case), **_SHORT)
            took_ms = (time.perf_counter() - due_s) * 1000
            return Probe(due_s, took_ms, decision.timings_ms.get("queue", 0.0))

        return await open_loop(cases, ask, moments_s.tolist())


@asynccontextmanager
async def _explanations(bench: Bench, cases: Sequence[Case]) -> AsyncIterator[Watch]:
    """A backlog whose verdicts are all told and whose explanations queue; given up at the end."""
    watch, told = Watch(), asyncio.Semaphore(0)
    async with bench.client(len(cases)) as client:

        async def listen(case: Case) -> None:
            async with aclosing(client.stream(body_of(case), **_WHOLE)) as events:
                async for event in events:
                    if isinstance(event, VerdictEvent):
                        told.release()

        tasks = [asyncio.create_task(listen(case)) for case in cases]
        watcher = asyncio.create_task(_look(bench, watch))
        try:
            for _ in cases:
                await told.acquire()
            yield watch
        finally:
            watcher.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, watcher, return_exceptions=True)


async def _look(bench: Bench, watch: Watch) -> None:
    while True:
        queued = await gauge(bench.service_http, "verdict_explanations_waiting")
        running = await gauge(bench.service_http, "verdict_explanations_in_flight")
        engine = await read_counters(bench.engine_http)
        watch.looks.append(Look(time.perf_counter(), queued + running, engine.running, engine.waiting))
        await asyncio.sleep(_LOOK_EVERY_S)


def _lines(
    without: Sequence[Probe], behind: Sequence[Probe], looks: Sequence[Look], slots: int
) -> tuple[Line, ...]:
    ratio = quantile_ratio([probe.took_ms for probe in behind], [probe.took_ms for probe in without], 0.99)
    queued = max((probe.queued_ms for probe in behind), default=float("nan"))
    running, waiting = (
        max((look.running for look in looks), default=0),
        max((look.waiting for look in looks), default=0),
    )
    return (
        Line(
            what=f"More than {slots} explanations queued: no verdict waits for a slot, neither of the service (longest"
            " wait) nor of the engine (most requests running at any look)",
            required=f"under {NO_WAIT_MS:.0f} ms; under {slots}",
            measured=f"{queued:.2f} ms; {running} running, {waiting} waiting",
            n=len(behind),
            holds=bool(behind) and queued < NO_WAIT_MS and running < slots,
        ),
        Line(
            what="The same verdicts at the same moments, with over without explanations: time to verdict, p99",
            required=f"at most {MOST_RATIO:.0f}",
            measured=figure(ratio, "x", 2),
            n=len(behind),
            holds=bool(behind) and ratio.value <= MOST_RATIO,
        ),
    )


def _table(without: Sequence[Probe], behind: Sequence[Probe]) -> Table:
    return Table(
        title="Time to verdict",
        columns=("what", "n", "p50", "p99"),
        rows=tuple(
            (name, str(len(probes)), *p50_p99([probe.took_ms for probe in probes]))
            for name, probes in (
                ("without explanations", without),
                ("behind a full queue of explanations", behind),
            )
        ),
    )
