"""Everything that the main job must show, in one command.

    python -m benchmarks.main_job [--only SECTION ...] [--quick] [--fresh] [--out docs/benchmarks]

Takes: the shipped model. Gives: main-job.md and main-job.json; exit 1 when a required line falls short.
Does not: run a finished section again, unless it is named with --only or --fresh is given.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape

from benchmarks.bench import WORK, Bench, Tell, load_model, started_bench
from benchmarks.machine import describe, load_average
from benchmarks.report import write_report
from benchmarks.results import SectionResult, SectionStore, Stamp, StoredSection, falls_short
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
from cases.errors import VerdictError
from eval.golden_looks import commit
from serving.settings import ROOT, load_settings

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for; `only` empty means all."""

    only: tuple[str, ...]
    quick: bool
    fresh: bool
    out: Path
    model_dir: Path | None

    @property
    def store(self) -> SectionStore:
        """Where finished sections lie; a quick run never meets a full one's."""
        return SectionStore(WORK / ("quick" if self.quick else "sections"))


def wanted_from(words: Sequence[str]) -> Wanted:
    """Read the command line; exits with a message when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.main_job", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=sorted(SECTIONS), default=[], help="run these, done or not"
    )
    parser.add_argument("--quick", action="store_true", help="a few cases each: shows that the code works")
    parser.add_argument("--fresh", action="store_true", help="run finished sections again")
    parser.add_argument("--out", type=Path, help="folder of the report; default docs/benchmarks")
    parser.add_argument("--model-dir", type=Path, help="another model's folder")
    found = parser.parse_args(words)
    out = found.out or (WORK if found.quick else ROOT / "docs" / "benchmarks")
    return Wanted(tuple(found.only), found.quick, found.fresh, out, found.model_dir)


async def run_sections(bench: Bench, names: Sequence[str], store: SectionStore, *, quick: bool) -> None:
    """Run these sections, each stored as soon as it is done."""
    for name in names:
        bench.tell(f"section {name}")
        began_at, load = datetime.now(UTC).isoformat(timespec="seconds"), load_average()
        begun = time.perf_counter()
        result = await SECTIONS[name](bench)
        stamp = Stamp(
            commit=commit(),
            model=bench.model.card.version,
            quick=quick,
            began_at=began_at,
            wall_s=round(time.perf_counter() - begun, 1),
            load_before=load,
        )
        store.write(StoredSection(stamp=stamp, result=result))


def missing(wanted: Wanted) -> list[str]:
    """The sections to run: those named, else those that have no result of this very model."""
    if wanted.only:
        return [name for name in SECTIONS if name in wanted.only]
    model = load_model(load_settings(model_dir=wanted.model_dir)).card.version
    stored = {} if wanted.fresh else _stored(wanted.store)
    return [name for name in SECTIONS if name not in stored or stored[name].stamp.model != model]


def _stored(store: SectionStore) -> dict[str, StoredSection]:
    found = {name: store.read(name) for name in SECTIONS}
    return {name: one for name, one in found.items() if one is not None}


async def _measure(wanted: Wanted, names: Sequence[str], tell: Tell) -> None:
    sizes = QUICK if wanted.quick else FULL
    async with started_bench(sizes, tell, wanted.model_dir) as bench:
        await run_sections(bench, names, wanted.store, quick=wanted.quick)


def main(words: Sequence[str]) -> int:
    """Run what is missing and write the report; 0 when every required line holds."""
    wanted, console = wanted_from(words), Console(stderr=True, highlight=False)
    begun = time.perf_counter()

    def tell(message: str) -> None:
        console.print(f"[dim]{time.perf_counter() - begun:6.0f} s[/dim]  {message}")

    try:
        names = missing(wanted)
        if names:
            asyncio.run(_measure(wanted, names, tell))
        stored = _stored(wanted.store)
    except VerdictError as error:
        console.print(f"[red]{type(error).__name__}[/red]: {escape(str(error))}", soft_wrap=True)
        return 2
    write_report(wanted.out, list(SECTIONS), stored, describe())
    console.print(f"wrote {wanted.out / 'main-job.md'}")
    short = falls_short([one.result for one in stored.values()])
    for line in short:
        console.print(f"[red]falls short[/red]: {line.what}: {line.measured} (required: {line.required})")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
