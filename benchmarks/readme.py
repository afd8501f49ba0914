"""README's recorded demo and its table of results, written from what was measured.

    make demo ONCE=1 > /tmp/demo.txt
    python -m benchmarks.readme --demo /tmp/demo.txt

Takes: docs/benchmarks/main-job.json and perhaps a recording of the demo. Gives: the text between README's
`<!-- results -->` and `<!-- demo -->` marks. Does not: measure, or touch anything outside the marks.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.machine import Machine
from benchmarks.main_job import PAGE, SECTIONS
from benchmarks.report import grid, mark
from benchmarks.results import Line, StoredSection
from cases.errors import ConfigError, VerdictError
from serving.settings import ROOT

README: Final = ROOT / "README.md"
REPORT: Final = ROOT / "docs" / "benchmarks" / "main-job.json"
GOLDEN: Final = "golden cases"
"""What the names of lines on the golden cases hold: they require nothing, and README shows them all the same."""


class Report(BaseModel):
    """The content of main-job.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str
    machine: Machine
    sections: dict[str, StoredSection]


def load_report(path: Path = REPORT) -> Report:
    """The last full run's report; raises ConfigError when it is missing, broken or a quick run's."""
    try:
        report = Report.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise ConfigError(f"{path}: no report to be read; run `{PAGE.command}`") from error
    if any(section.stamp.quick for section in report.sections.values()):
        raise ConfigError(f"{path}: a quick run's figures are not for README; run `{PAGE.command}`")
    return report


def results_block(report: Report) -> str:
    """The required lines and those on the golden cases, as a table with its command and machine."""
    lines = [line for section in report.sections.values() for line in section.result.lines]
    required = [line for line in lines if line.holds is not None]
    held = sum(bool(line.holds) for line in required)
    shown = [line for line in lines if line.holds is not None or GOLDEN in line.what]
    table = grid(("what", "required", "measured", "n", ""), [_row(line) for line in shown])
    machine = report.machine
    missing = [name for name in SECTIONS if name not in report.sections]
    gap = f" Not measured on this model yet: {', '.join(missing)}." if missing else ""
    return (
        f"{held} of {len(required)} required lines hold.{gap} `{PAGE.command}` on {machine.processor},"
        f" {machine.cores} cores, {machine.memory_gib:.0f} GiB, no GPU; brackets are 95 % intervals."
        " Times and tables behind each line: [docs/benchmarks/main-job.md](docs/benchmarks/main-job.md).\n\n"
        f"{table}"
    )


def demo_block(recording: str, command: str = "make demo ONCE=1") -> str:
    """A recording of the demo as a block of text; raises ConfigError when it is empty."""
    lines = [line.rstrip() for line in recording.strip("\n").splitlines()]
    if not lines:
        raise ConfigError("the recording is empty; run `make demo ONCE=1 > FILE`")
    return f"`{command}`, as it was printed:\n\n```text\n" + "\n".join(lines) + "\n```"


def with_block(text: str, name: str, block: str) -> str:
    """`text` with `block` between the marks of `name`; raises ConfigError when it has no such marks."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    found, count = pattern.subn(lambda marks: f"{marks[1]}{block}\n{marks[2]}", text)
    if count != 1:
        raise ConfigError(f"README needs one pair of <!-- {name} --> and <!-- /{name} -->, not {count}")
    return found


def _row(line: Line) -> tuple[str, ...]:
    return (line.what, line.required, line.measured, str(line.n), mark(line))


def main(words: Sequence[str]) -> int:
    """Rewrite README's blocks; 2 when something is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readme", description=__doc__)
    parser.add_argument("--demo", type=Path, help="recorded standard output of `make demo ONCE=1`")
    found = parser.parse_args(words)
    try:
        text = with_block(README.read_text(encoding="utf-8"), "results", results_block(load_report()))
        if found.demo:
            text = with_block(text, "demo", demo_block(found.demo.read_text(encoding="utf-8")))
        README.write_text(text, encoding="utf-8")
    except (VerdictError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
