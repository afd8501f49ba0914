"""What the serving process holds: its memory, and no torch.

Takes: a bench. Gives: two required lines. Does not: count the engine, which is another process.
"""

from pathlib import Path
from typing import Final

import httpx

from benchmarks.bench import Bench
from benchmarks.results import Line, SectionResult, Table
from eval.asking import body_of
from eval.sets import SimulatedSet, any_cases

MOST_MB: Final = 600.0
SEED: Final = 20_251_108
_STREAM: Final = {"accept": "text/event-stream"}
_TORCH: Final = ("libtorch", "torch/lib", "libc10")


async def run(bench: Bench) -> SectionResult:
    """Send a case down every route and every way of asking, then look at the process."""
    asked = await _every_route(bench)
    rss_mb, peak_mb = resident_mb(bench.service.pid), resident_mb(bench.service.pid, peak=True)
    torch_files = torch_libraries(bench.service.pid)
    return SectionResult(
        section="memory",
        lines=(
            Line(
                what="Serving process without torch: torch libraries in its memory map after one case on every route",
                required="none",
                measured=", ".join(torch_files) or "none",
                n=len(asked),
                holds=not torch_files,
            ),
            Line(
                what="Resident memory of the serving process (the engine not counted)",
                required=f"at most {MOST_MB:.0f} MB",
                measured=f"{rss_mb:.0f} MB (highest so far {peak_mb:.0f} MB)",
                n=1,
                holds=rss_mb <= MOST_MB,
            ),
        ),
        tables=(Table(title="What was asked before", columns=("request", "status"), rows=tuple(asked)),),
    )


async def _every_route(bench: Bench) -> list[tuple[str, str]]:
    """Each route, each `until`, stream, JSON and asynchronous; and the pages beside."""
    pool = any_cases(SimulatedSet(bench.model.trained, 3, SEED), bench.model.markets)
    case, http = body_of(pool[0]), bench.service_http
    asked: list[tuple[str, str]] = []
    for route in ("auto", "llm", "rules", "fusion"):
        for until in ("verdict", "factors", "reasoning"):
            body = {"case": case, "options": {"route": route, "until": until, "deadline_ms": None}}
            answer = await http.post("/v1/decisions", json=body)
            streamed = await http.post("/v1/decisions", json=body, headers=_STREAM)
            asked.append(
                (f"POST {route}, until {until}: JSON; stream", _status(answer) + "; " + _status(streamed))
            )
    later = await http.post("/v1/decisions", json={"case": case}, headers={"prefer": "respond-async"})
    events = await http.get(later.headers["location"] + "/events", headers=_STREAM)
    asked.append(("POST asynchronous; GET events", _status(later) + "; " + _status(events)))
    pages = (later.headers["location"], "/metrics", "/readyz", "/docs", "/openapi.json")
    asked += [(f"GET {path.partition('/d-')[0]}", _status(await http.get(path))) for path in pages]
    return asked


def _status(answer: httpx.Response) -> str:
    return str(answer.status_code)


def resident_mb(pid: int, *, peak: bool = False) -> float:
    """Resident set of a process in MB (10^6 bytes): now, or the highest since its start."""
    name = "VmHWM:" if peak else "VmRSS:"
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith(name))
    return int(kilobytes) * 1024 / 1e6


def torch_libraries(pid: int) -> list[str]:
    """Files of torch in a process's memory map."""
    lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    files = {line.split(maxsplit=5)[5] for line in lines if len(line.split(maxsplit=5)) == 6}
    return sorted(file for file in files if any(part in file for part in _TORCH))
