"""Everything that the main job must show, in one command.

    python -m benchmarks.main_job [--only SECTION ...] [--quick] [--fresh] [--out docs/benchmarks]

Takes: the shipped model. Gives: main-job.md and main-job.json; exit 1 when a required line falls short.
Does not: run a finished section again, unless it is named with --only or --fresh is given.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape

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
from benchmarks.suite import Stamping, Tell, Wanted, finish, missing, wanted_from
from cases.errors import VerdictError
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


async def _measure(wanted: Wanted, names: Sequence[str], tell: Tell) -> None:
    sizes = QUICK if wanted.quick else FULL
    async with started_bench(sizes, tell, wanted.model_dir) as bench:
        await run_sections(bench, names, wanted.store, quick=wanted.quick)


def main(words: Sequence[str]) -> int:
    """Run what is missing and write the report; 0 when every required line holds."""
    wanted = wanted_from(words, PAGE, tuple(SECTIONS), __doc__)
    console, begun = Console(stderr=True, highlight=False), time.perf_counter()

    def tell(message: str) -> None:
        console.print(f"[dim]{time.perf_counter() - begun:6.0f} s[/dim]  {message}")

    try:
        model = load_model(load_settings(model_dir=wanted.model_dir)).card.version
        if names := missing(wanted, tuple(SECTIONS), model):
            asyncio.run(_measure(wanted, names, tell))
        return finish(PAGE, wanted, tuple(SECTIONS), console)
    except VerdictError as error:
        console.print(f"[red]{type(error).__name__}[/red]: {escape(str(error))}", soft_wrap=True)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
