"""Everything that the simulator must show, in one command.

    python -m benchmarks.marketplace [--only SECTION ...] [--quick] [--fresh] [--out docs/benchmarks]

Takes: nothing. Gives: marketplace.md, marketplace.json and pictures; exit 1 when a required line falls short.
Does not: ask the shipped model (`benchmarks.main_job` does, on counterfactual and hostile pairs too).
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape

from benchmarks.market import ceiling, labels, leaks, realism, speed
from benchmarks.market.study import FULL, QUICK, Study, simulator_version
from benchmarks.report import Page
from benchmarks.results import SectionResult
from benchmarks.suite import Stamping, finish, missing, wanted_from
from cases.errors import VerdictError
from serving.settings import ROOT

PAGE: Final = Page(
    title="The simulator, measured",
    command="python -m benchmarks.marketplace",
    stem="marketplace",
    work=ROOT / "var" / "marketplace",
    measured_on="Simulator: {subject}",
    asks_model=False,
)
SECTIONS: Final[dict[str, Callable[[Study], SectionResult]]] = {
    "labels": labels.run,
    "leaks": leaks.run,
    "ceiling": ceiling.run,
    "realism": realism.run,
    "speed": speed.run,
}


def main(words: Sequence[str]) -> int:
    """Run what is missing and write the report; 0 when every required line holds."""
    wanted = wanted_from(words, PAGE, tuple(SECTIONS), __doc__)
    console, begun = Console(stderr=True, highlight=False), time.perf_counter()

    def tell(message: str) -> None:
        console.print(f"[dim]{time.perf_counter() - begun:6.0f} s[/dim]  {message}")

    try:
        subject = simulator_version()
        PAGE.work.mkdir(parents=True, exist_ok=True)
        sizes = QUICK if wanted.quick else FULL
        study = Study(sizes, PAGE.work, len(os.sched_getaffinity(0)), tell)
        for name in missing(wanted, tuple(SECTIONS), subject):
            tell(f"section {name}")
            stamping = Stamping(subject, quick=wanted.quick)
            stamping.store(SECTIONS[name](study), wanted.store)
        return finish(PAGE, wanted, tuple(SECTIONS), console)
    except VerdictError as error:
        console.print(f"[red]{type(error).__name__}[/red]: {escape(str(error))}", soft_wrap=True)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
