"""The simulator's report runs: its sections on a few cases of one market.

Takes: a small study in a folder of its own. Gives: failures of the path, never of a figure.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.machine import describe
from benchmarks.market import ceiling, labels, leaks, realism, speed
from benchmarks.market.study import QUICK, Study, simulator_version
from benchmarks.marketplace import PAGE
from benchmarks.report import write_report
from benchmarks.results import SectionResult, Stamp, StoredSection
from eval.golden_looks import LOOKS

SIZES = replace(
    QUICK,
    probed=500,
    bag_training=40,
    ceiling_training=120,
    ceiling_measured=40,
    ceiling_job=60,
    read=60,
    rate=40,
)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """One market, one process."""
    return Study(SIZES, tmp_path, 1, lambda _: None, ("SG",))


def _page(study: Study, result: SectionResult) -> str:
    stamp = Stamp(
        commit="c", model=simulator_version(), quick=True, began_at="2025", wall_s=1.0, load_before=0.1
    )
    stored = {result.section: StoredSection(stamp=stamp, result=result)}
    write_report(study.folder / "out", PAGE, [result.section], stored, describe())
    pictures = sorted(path.name for path in (study.folder / "out").glob("*.png"))
    assert len(pictures) == len(result.charts)
    text = (study.folder / "out" / "marketplace.md").read_text(encoding="utf-8")
    assert all(picture in text for picture in pictures)
    return text


def test_labels_are_counted_and_made_twice_alike(study: Study) -> None:
    """Every table has its rows, and the same seed gives the same bytes with one process or two."""
    result = labels.run(study)
    assert [line.holds for line in result.lines if "same bytes" in line.what] == [True]
    assert "Hidden cause against label" in _page(study, result)


def test_leaks_and_ceiling_run_on_a_few_cases(study: Study) -> None:
    """A line a probe and the bag of words; a row a view."""
    assert len(leaks.run(study).lines) == 6
    result = ceiling.run(study)
    assert [len(table.rows) for table in result.tables] == [4, 1]
    assert "the lower bound" in _page(study, result)


def test_a_small_run_never_looks_at_the_golden_cases(study: Study) -> None:
    """Realism compares two halves of simulated chats then, and writes no look down."""
    before = LOOKS.read_text(encoding="utf-8")
    assert len(realism.run(study).lines) == 1
    assert LOOKS.read_text(encoding="utf-8") == before


def test_speed_is_extrapolated_from_what_was_made(study: Study) -> None:
    """The rate is of the cases asked for; nothing that was made stays behind."""
    result = speed.run(study)
    assert result.lines[0].n == SIZES.rate
    assert not list(study.folder.glob("chats-*"))
