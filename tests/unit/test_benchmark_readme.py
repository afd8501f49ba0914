"""README's blocks: what is written between the marks, and what is refused."""

import json
from pathlib import Path

import pytest

from benchmarks.machine import Machine
from benchmarks.main_job import PAGE
from benchmarks.readme import demo_block, load_report, results_block, with_block
from benchmarks.report import write_report
from benchmarks.results import Line, SectionResult, Stamp, StoredSection
from cases.errors import ConfigError

MACHINE = Machine(processor="P", cores=2, memory_gib=8.0, system="S", python="3.11", versions={"torch": "2"})


def _stored(*, quick: bool = False) -> StoredSection:
    lines = (
        Line(what="slow", required="4", measured="3", n=7, holds=False),
        Line(what="fast", required="4", measured="5", n=8, holds=True),
        Line(what="Accuracy, golden cases", required="-", measured="60 %", n=126, holds=None),
        Line(what="aside", required="-", measured="1", n=9, holds=None),
    )
    stamp = Stamp(commit="abc", model="m@1", quick=quick, began_at="2025", wall_s=1.0, load_before=0.1)
    return StoredSection(stamp=stamp, result=SectionResult(section="latency", lines=lines))


def _report(folder: Path, *, quick: bool = False) -> Path:
    write_report(folder, PAGE, ["latency"], {"latency": _stored(quick=quick)}, MACHINE)
    return folder / "main-job.json"


def test_the_table_shows_what_is_required_and_what_the_golden_cases_say(tmp_path: Path) -> None:
    """What falls short stands out; golden figures are shown though nothing is required of them; asides are not."""
    block = results_block(load_report(_report(tmp_path)))
    assert block.startswith("1 of 2 required lines hold. Not measured on this model yet: overhead, ")
    assert "**falls short**" in block
    assert "golden cases" in block
    assert "aside" not in block


def test_a_quick_or_broken_report_is_refused(tmp_path: Path) -> None:
    """Figures that only show that the code works never get into README, nor does half a file."""
    with pytest.raises(ConfigError, match="quick"):
        load_report(_report(tmp_path, quick=True))
    with pytest.raises(ConfigError, match="no report"):
        load_report(tmp_path / "nowhere.json")
    path = _report(tmp_path)
    path.write_text(json.dumps({"command": "x"}), encoding="utf-8")
    with pytest.raises(ConfigError, match="no report"):
        load_report(path)


def test_only_the_text_between_the_marks_changes() -> None:
    """Writing twice is writing once; a page without marks is refused; a recording keeps its lines."""
    page = "a\n<!-- demo -->\nold\n<!-- /demo -->\nz\n"
    once = with_block(page, "demo", demo_block("one  \n\\1 two\n"))
    assert once == with_block(once, "demo", demo_block("one\n\\1 two"))
    assert (once.startswith("a\n<!-- demo -->\n"), once.endswith("<!-- /demo -->\nz\n")) == (True, True)
    assert "one\n\\1 two\n" in once
    assert "old" not in once
    with pytest.raises(ConfigError, match="results"):
        with_block(page, "results", "x")
    with pytest.raises(ConfigError, match="empty"):
        demo_block("\n")
