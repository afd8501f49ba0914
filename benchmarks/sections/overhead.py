"""What the service adds to a verdict, over asking the engine directly with the same token ids.

Takes: a bench. Gives: the added time, by stage. Does not: count what the engine itself does.

Each case is asked both ways, in random order, each time after the prefix cache was emptied and the static prefix read
again, so that both ways find the same cache. Both are plain HTTP posts of bytes made beforehand.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from benchmarks.bench import MODEL_NAME, Bench
from benchmarks.results import Line, SectionResult, Table
from benchmarks.timing import p50_p99, quantile
from cases.case import Case, parse_case
from cases.cutoff import at_cancellation
from cases.decision import Decision
from cases.features import compute_features
from cases.narrative import narrate
from cases.verdict import VERDICTS
from eval.asking import body_of, degraded
from eval.figures import figure
from eval.sets import SimulatedSet, any_cases
from serving.stopwatch import Stopwatch

NEEDED_MS: Final = 6.0
SEED: Final = 20_251_102
_JSON: Final = {"content-type": "application/json"}
_SETTLE: Final = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """One case asked both ways."""

    service_ms: float
    direct_ms: float
    decision: Decision
    direct_cached_tokens: int

    @property
    def added_ms(self) -> float:
        """What the service added, HTTP to it included."""
        return self.service_ms - self.direct_ms


async def run(bench: Bench) -> SectionResult:
    """Ask every case both ways; the first few only settle connections and are not counted."""
    wanted = bench.sizes.overhead_pairs + _SETTLE
    cases = any_cases(SimulatedSet(bench.model.trained, wanted, SEED), bench.model.markets)
    rng = Random(SEED)
    pairs = [await _pair(bench, case, service_first=rng.random() < 0.5) for case in cases][_SETTLE:]
    bench.tell(f"overhead: {len(pairs)} pairs")
    added = [pair.added_ms for pair in pairs]
    p50, p99 = quantile(added, 0.5), quantile(added, 0.99)
    line = Line(
        what="Service overhead over direct HTTP to the engine, p50 (p99 reported)",
        required=f"at most {NEEDED_MS:.0f} ms",
        measured=f"{figure(p50, 'ms', 2)}; p99 {figure(p99, 'ms', 2)}",
        n=len(pairs),
        holds=p50.value <= NEEDED_MS,
    )
    decisions = [pair.decision for pair in pairs]
    return SectionResult(
        section="overhead",
        lines=(line, _degraded_line(decisions)),
        tables=(_totals(pairs), _stages(pairs), _in_process(bench, cases[_SETTLE:])),
        notes=(_cached_note(pairs),),
    )


async def _pair(bench: Bench, case: Case, *, service_first: bool) -> Pair:
    asked = {"case": body_of(case), "options": {"until": "verdict", "route": "llm", "deadline_ms": None}}
    to_service, to_engine = json.dumps(asked).encode(), direct_body(bench, bench.model.prompt(case).ids)
    service: tuple[float, bytes] = (0.0, b"")
    direct: tuple[float, bytes] = (0.0, b"")
    for at_service in (service_first, not service_first):
        await bench.fresh_cache([case.market])
        begun = time.perf_counter()
        if at_service:
            answer = await bench.service_http.post("/v1/decisions", content=to_service, headers=_JSON)
        else:
            answer = await bench.engine_http.post("/v1/completions", content=to_engine, headers=_JSON)
        took_ms = (time.perf_counter() - begun) * 1000
        answer.raise_for_status()
        if at_service:
            service = (took_ms, answer.content)
        else:
            direct = (took_ms, answer.content)
    cached = json.loads(direct[1])["usage"].get("prompt_tokens_details") or {}
    decision = Decision.model_validate_json(service[1])
    return Pair(service[0], direct[0], decision, cached.get("cached_tokens") or 0)


def direct_body(bench: Bench, ids: Sequence[int]) -> bytes:
    """What the service itself sends for a verdict, without its request id."""
    return json.dumps(
        {
            "model": MODEL_NAME,
            "prompt": list(ids),
            "max_tokens": 1,
            "temperature": 0.0,
            "stop_token_ids": [bench.model.wording.end_of_turn],
            "logprobs": 1,
            "logprob_token_ids": [bench.model.wording.label_tokens[verdict] for verdict in VERDICTS],
            "return_tokens_as_token_ids": True,
        }
    ).encode()


def _degraded_line(decisions: Sequence[Decision]) -> Line:
    count = degraded(decisions)
    return Line(
        what="Degraded share",
        required="0",
        measured=f"{count} of {len(decisions)}",
        n=len(decisions),
        holds=count == 0,
    )


def _totals(pairs: Sequence[Pair]) -> Table:
    values = {
        "through the service": [pair.service_ms for pair in pairs],
        "direct to the engine": [pair.direct_ms for pair in pairs],
        "added by the service": [pair.added_ms for pair in pairs],
        "of it: on the way to the service and back, and what no stage names": [
            pair.service_ms - pair.decision.timings_ms.get("total", 0.0) for pair in pairs
        ],
        "of it: engine hop (the service's wait for the engine, less the direct time)": [
            pair.decision.timings_ms.get("decide", 0.0) - pair.direct_ms for pair in pairs
        ],
    }
    rows = tuple((name, *p50_p99(taken, digits=2)) for name, taken in values.items())
    return Table(title="One verdict, both ways", columns=("what", "p50", "p99"), rows=rows)


def _stages(pairs: Sequence[Pair]) -> Table:
    """The stages as the service's own clock names them, in the order in which they first end."""
    names = list(dict.fromkeys(name for pair in pairs for name in pair.decision.timings_ms))
    rows = []
    for name in names:
        taken = [pair.decision.timings_ms[name] for pair in pairs if name in pair.decision.timings_ms]
        rows.append((name, *p50_p99(taken, digits=3)))
    return Table(
        title="Stages, by the service's own clock",
        columns=("stage", "p50", "p99"),
        rows=tuple(rows),
        note="`store_case` runs while the prompt is rendered; `to_verdict` and `total` count from the request.",
    )


def _in_process(bench: Bench, cases: Sequence[Case]) -> Table:
    """Stages that the service does not time apart, measured here on the same cases, in this process."""
    taken: dict[str, list[float]] = {}
    for case in cases:
        body = json.dumps(body_of(case))
        watch = Stopwatch()
        with watch.stage("parse"):
            parsed = parse_case(json.loads(body), markets=bench.model.markets)
        with watch.stage("cut"):
            at_cancellation(parsed)
        with watch.stage("features"):
            compute_features(parsed)
        with watch.stage("narrative"):
            narrative = narrate(parsed)
        with watch.stage("render"):
            bench.model.renderer.render(narrative, bench.model.markets[case.market])
        with watch.stage("tokenise"):
            bench.model.tokenizer.encode_text(narrative.text)
        for name, took_ms in watch.stages_ms.items():
            taken.setdefault(name, []).append(took_ms)
    rows = tuple((name, *p50_p99(values, digits=3)) for name, values in taken.items())
    return Table(
        title="Stages, measured in this process on the same cases",
        columns=("stage", "p50", "p99"),
        rows=rows,
        note="`render` contains tokenising, line by line. The verdict route does not compute features yet.",
    )


def _cached_note(pairs: Sequence[Pair]) -> str:
    prompt = sum(pair.decision.tokens.prompt for pair in pairs)
    service = sum(pair.decision.tokens.cached for pair in pairs)
    direct = sum(pair.direct_cached_tokens for pair in pairs)
    length = np.mean([pair.decision.tokens.prompt for pair in pairs])
    return (
        f"Cached tokens (the static prefix, in whole blocks of the engine's cache): {service / prompt:.1%} through the"
        f" service, {direct / prompt:.1%} direct, of prompts of {length:.0f} tokens on average."
    )
