"""What vLLM counts itself: its own `/metrics`, read as numbers.

Takes: an HTTP client of the engine. Gives: `EngineCounters`. Does not: estimate anything.
"""

from dataclasses import dataclass
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

_GENERATED: Final = "vllm:generation_tokens_total"
_PROMPT: Final = "vllm:prompt_tokens_total"
_RUNNING: Final = "vllm:num_requests_running"
_WAITING: Final = "vllm:num_requests_waiting"


@dataclass(frozen=True, slots=True)
class EngineCounters:
    """Tokens since the engine's start, and requests that run or wait now."""

    generated_tokens: int
    prompt_tokens: int
    running: int
    waiting: int


async def read_counters(engine: httpx.AsyncClient) -> EngineCounters:
    """The counters now. Raises httpx errors when the engine does not answer."""
    response = await engine.get("/metrics")
    response.raise_for_status()
    sums = {_GENERATED: 0.0, _PROMPT: 0.0, _RUNNING: 0.0, _WAITING: 0.0}
    wanted = "\n".join(line for line in response.text.splitlines() if line.partition("{")[0] in sums)
    for family in text_string_to_metric_families(wanted + "\n"):
        for sample in family.samples:
            sums[sample.name] += sample.value
    return EngineCounters(
        generated_tokens=int(sums[_GENERATED]),
        prompt_tokens=int(sums[_PROMPT]),
        running=int(sums[_RUNNING]),
        waiting=int(sums[_WAITING]),
    )


async def requests_running(engine: httpx.AsyncClient) -> int:
    """Only the number of requests that run now; as quick to read as the engine allows."""
    text = (await engine.get("/metrics")).text
    start = text.index("\n" + _RUNNING)
    return int(float(text[start + 1 : text.index("\n", start + 1)].rpartition(" ")[2]))


async def gauge(service: httpx.AsyncClient, name: str) -> float:
    """A plain gauge of the service's own `/metrics`; 0 when it has none of this name."""
    text = (await service.get("/metrics")).text
    lines = (line for line in text.splitlines() if line.startswith(name + " "))
    return float(next(lines, f"{name} 0").rpartition(" ")[2])
