"""Everything that the simulator must show, in one command.

    python -m benchmarks.marketplace [--only SECTION ...] [--quick] [--fresh] [--out docs/benchmarks]

Takes: nothing. Gives: marketplace.md, marketplace.json and pictures; exit 1 when a required line falls short.
Does not: ask the shipped model (`benchmarks.main_job` does, on counterfactual and hostile pairs too).
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks.market import ceiling, labels, leaks, realism, speed
from benchmarks.market.study import FULL, QUICK, Study, simulator_version
from benchmarks.report import Page
from benchmarks.results import SectionResult
from benchmarks.suite import Stamping, Tell, Wanted, run_command
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


def _measure(wanted: Wanted, names: Sequence[str], simulator: str, tell: Tell) -> None:
    PAGE.work.mkdir(parents=True, exist_ok=True)
    study = Study(QUICK if wanted.quick else FULL, PAGE.work, len(os.sched_getaffinity(0)), tell)
    for name in names:
        tell(f"section {name}")
        stamping = Stamping(simulator, quick=wanted.quick)
        stamping.store(SECTIONS[name](study), wanted.store)


def main(words: Sequence[str]) -> int:
    """Run what is missing and write the report; 0 when every required line holds."""
    return run_command(PAGE, tuple(SECTIONS), words, __doc__, lambda _: simulator_version(), _measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
