"""The benchmark's code path on a real vLLM: a few cases through its sections, a report at the end.

Takes: the session's vLLM. Gives: failures of the path, never of a figure: a handful of cases proves nothing.
Does not look at the golden cases' verdicts.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bench import bench_over
from benchmarks.machine import describe
from benchmarks.main_job import PAGE, run_sections
from benchmarks.report import write_report
from benchmarks.results import SectionStore
from benchmarks.sizes import QUICK
from serving.settings import load_settings

SECTIONS = ("overhead", "latency", "hostile", "memory")
SIZES = replace(QUICK, latency_alone=2, latency_crowd=4, latency_clients=2, overhead_pairs=2)

# The first test of the session waits for the engine to load.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


async def test_sections_run_and_report_on_a_real_engine(vllm_url: str, tmp_path: Path) -> None:
    """Every section yields lines; no answer was degraded, torch is not in the serving process, the report names all."""
    store, said = SectionStore(tmp_path / "sections"), list[str]()
    async with bench_over(vllm_url, load_settings(), SIZES, said.append, tmp_path) as bench:
        await run_sections(bench, SECTIONS, store, quick=True)
    stored = {name: one for name in SECTIONS if (one := store.read(name)) is not None}
    assert tuple(stored) == SECTIONS
    lines = {line.what: line for one in stored.values() for line in one.result.lines}
    assert all(line.measured for line in lines.values())
    assert [line.holds for what, line in lines.items() if what.startswith("Degraded share")] == [True, True]
    assert [line.holds for what, line in lines.items() if "without torch" in what] == [True]
    write_report(tmp_path / "out", PAGE, SECTIONS, stored, describe())
    report = (tmp_path / "out" / "main-job.md").read_text(encoding="utf-8")
    assert all(f"## {name}" in report for name in SECTIONS)
    assert "Quick run" in report
