"""What every benchmark command does in the same way: its command line, what is still missing, its report.

Takes: a `Page` and the names of its sections. Gives: `Wanted`, the sections to run, the exit code.
Does not: measure, or run a finished section again, unless it is named with --only or --fresh is given.
"""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmarks.machine import describe, load_average
from benchmarks.report import Page, write_report
from benchmarks.results import SectionResult, SectionStore, Stamp, StoredSection, falls_short
from cases.errors import VerdictError
from eval.golden_looks import commit
from serving.settings import ROOT

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for; `only` empty means all."""

    only: tuple[str, ...]
    quick: bool
    fresh: bool
    out: Path
    model_dir: Path | None
    store: SectionStore


def wanted_from(words: Sequence[str], page: Page, names: Sequence[str], about: str | None) -> Wanted:
    """Read the command line; exits with a message when it is wrong. A quick run never meets a full one's sections."""
    parser = argparse.ArgumentParser(
        prog=page.command, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=sorted(names), default=[], help="run these, done or not")
    parser.add_argument("--quick", action="store_true", help="a few cases each: shows that the code works")
    parser.add_argument("--fresh", action="store_true", help="run finished sections again")
    parser.add_argument("--out", type=Path, help="folder of the report; default docs/benchmarks")
    if page.asks_model:
        parser.add_argument("--model-dir", type=Path, help="another model's folder")
    found = parser.parse_args(words)
    return Wanted(
        only=tuple(found.only),
        quick=found.quick,
        fresh=found.fresh,
        out=found.out or (page.work if found.quick else ROOT / "docs" / "benchmarks"),
        model_dir=found.model_dir if page.asks_model else None,
        store=SectionStore(page.work / ("quick" if found.quick else "sections")),
    )


def missing(wanted: Wanted, names: Sequence[str], subject: str) -> list[str]:
    """The sections to run: those named, else those that have no result of this very subject."""
    if wanted.only:
        return [name for name in names if name in wanted.only]
    stored = {} if wanted.fresh else stored_sections(wanted.store, names)
    return [name for name in names if name not in stored or stored[name].stamp.model != subject]


def stored_sections(store: SectionStore, names: Sequence[str]) -> dict[str, StoredSection]:
    """The finished sections."""
    found = {name: store.read(name) for name in names}
    return {name: one for name, one in found.items() if one is not None}


class Stamping:
    """Notes when a section begins, and stores its result with that."""

    def __init__(self, subject: str, *, quick: bool) -> None:
        self._subject, self._quick = subject, quick
        self._began, self._load = datetime.now(UTC), load_average()

    def store(self, result: SectionResult, store: SectionStore) -> None:
        """Write the section; it took from the stamp's making until now."""
        wall_s = (datetime.now(UTC) - self._began).total_seconds()
        stamp = Stamp(
            commit=commit(),
            model=self._subject,
            quick=self._quick,
            began_at=self._began.isoformat(timespec="seconds"),
            wall_s=round(wall_s, 1),
            load_before=self._load,
        )
        store.write(StoredSection(stamp=stamp, result=result))


def run_command(
    page: Page,
    names: Sequence[str],
    words: Sequence[str],
    about: str | None,
    subject_of: Callable[[Wanted], str],
    measure: Callable[[Wanted, Sequence[str], str, Tell], None],
) -> int:
    """Run what is missing and write the report; 0 when every required line holds, 2 when something could not be run."""
    wanted = wanted_from(words, page, names, about)
    console, begun = Console(stderr=True, highlight=False), time.perf_counter()

    def tell(message: str) -> None:
        console.print(f"[dim]{time.perf_counter() - begun:6.0f} s[/dim]  {message}")

    try:
        subject = subject_of(wanted)
        if to_run := missing(wanted, names, subject):
            measure(wanted, to_run, subject, tell)
        return finish(page, wanted, names, console)
    except VerdictError as error:
        console.print(f"[red]{type(error).__name__}[/red]: {escape(str(error))}", soft_wrap=True)
        return 2


def finish(page: Page, wanted: Wanted, names: Sequence[str], console: Console) -> int:
    """Write the report; 0 when every required line holds."""
    stored: Mapping[str, StoredSection] = stored_sections(wanted.store, names)
    write_report(wanted.out, page, names, stored, describe())
    console.print(f"wrote {wanted.out / page.stem}.md")
    short = falls_short([one.result for one in stored.values()])
    for line in short:
        console.print(f"[red]falls short[/red]: {line.what}: {line.measured} (required: {line.required})")
    return 1 if short else 0
