"""Everything that the main job must show, in one command.

    python -m benchmarks.main_job [--only SECTION ...] [--quick] [--fresh] [--out docs/benchmarks]

Takes: the shipped model. Gives: main-job.md and main-job.json; exit 1 when a required line falls short.
Does not: run a finished section again, unless it is named with --only or --fresh is given.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from benchmarks.bench import WORK, Bench, load_model, started_bench
from benchmarks.report import Page
from benchmarks.results import SectionResult, SectionStore
from benchmarks.sections import (
    determinism,
    documents,
    hostile,
    latency,
    memory,
    overhead,
    quality,
    short_circuit,
)
from benchmarks.sizes import FULL, QUICK
from benchmarks.suite import Stamping, Tell, Wanted, run_command
from serving.settings import load_settings

PAGE: Final = Page(
    title="The main job, measured",
    command="python -m benchmarks.main_job",
    stem="main-job",
    work=WORK,
    measured_on="Model: {subject}. One real vLLM (CPU), one service over it, asked over HTTP",
    asks_model=True,
)
SECTIONS: Final[dict[str, Callable[[Bench], Awaitable[SectionResult]]]] = {
    "latency": latency.run,
    "overhead": overhead.run,
    "short_circuit": short_circuit.run,
    "documents": documents.run,
    "determinism": determinism.run,
    "quality": quality.run,
    "hostile": hostile.run,
    "memory": memory.run,
}


async def run_sections(bench: Bench, names: Sequence[str], store: SectionStore, *, quick: bool) -> None:
    """Run these sections, each stored as soon as it is done."""
    for name in names:
        bench.tell(f"section {name}")
        stamping = Stamping(bench.model.card.version, quick=quick)
        stamping.store(await SECTIONS[name](bench), store)


async def _on_a_bench(wanted: Wanted, names: Sequence[str], tell: Tell) -> None:
    sizes = QUICK if wanted.quick else FULL
    async with started_bench(sizes, tell, wanted.model_dir) as bench:
        await run_sections(bench, names, wanted.store, quick=wanted.quick)


def _measure(wanted: Wanted, names: Sequence[str], _model: str, tell: Tell) -> None:
    asyncio.run(_on_a_bench(wanted, names, tell))


def _model(wanted: Wanted) -> str:
    return load_model(load_settings(model_dir=wanted.model_dir)).card.version


def main(words: Sequence[str]) -> int:
    """Run what is missing and write the report; 0 when every required line holds."""
    return run_command(PAGE, tuple(SECTIONS), words, __doc__, _model, _measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
