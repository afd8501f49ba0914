"""The benchmark's own parts: quantiles, load, counters, predicted ratios, the report.

Takes: numbers made up for the purpose. Gives: failures of arithmetic or wording. Starts no engine.
"""

import asyncio
from pathlib import Path

import httpx
import numpy as np
import pytest

from benchmarks.engine_counters import gauge, read_counters, requests_running
from benchmarks.load import closed_loop, open_loop, poisson_moments_s
from benchmarks.machine import Machine
from benchmarks.main_job import PAGE, SECTIONS
from benchmarks.report import markdown, write_report
from benchmarks.results import (
    Chart,
    Line,
    SectionResult,
    SectionStore,
    Series,
    Stamp,
    StoredSection,
    Table,
    falls_short,
)
from benchmarks.sections.crowded import Look, Watch
from benchmarks.speeds import Load, Speeds, predicted_ratio_alone, predicted_ratio_crowd
from benchmarks.suite import wanted_from
from benchmarks.timing import median_ratio, p50_p99, quantile
from cases.errors import ConfigError

VLLM_METRICS = """# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="verdict"} 3.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="verdict"} 2.0
# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{engine="0",model_name="verdict"} 1234.0
# HELP vllm:generation_tokens_total Number of generation tokens processed.
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{engine="0",model_name="verdict"} 56.0
vllm:generation_tokens_created{engine="0",model_name="verdict"} 1.7e+09
verdict_explanations_waiting 7.0
"""
SPEEDS = Speeds(
    fixed_ms=10.0,
    read_ms_a_token=0.1,
    write_ms_a_token=6.0,
    crowd_read_tokens_a_s=10_000,
    crowd_write_tokens_a_s=500,
)


def _client() -> httpx.AsyncClient:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=VLLM_METRICS))
    return httpx.AsyncClient(transport=transport, base_url="http://engine")


async def test_counters_are_read_from_vllms_own_page() -> None:
    """Samples count, comments and creation times do not; gauges of the service are read by name."""
    async with _client() as http:
        found = await read_counters(http)
        assert (found.generated_tokens, found.prompt_tokens, found.running, found.waiting) == (56, 1234, 3, 2)
        assert await requests_running(http) == 3
        assert await gauge(http, "verdict_explanations_waiting") == 7.0
        assert await gauge(http, "verdict_nothing") == 0.0


def test_quantiles_come_with_an_interval_around_them() -> None:
    """The value lies inside; nothing measured is nan, not an error; the text shows unit and digits."""
    values = np.random.default_rng(1).exponential(10.0, 500).tolist()
    found = quantile(values, 0.99)
    assert found.low <= found.value <= found.high
    assert np.isnan(quantile([], 0.5).value)
    assert p50_p99([5.0] * 4) == ("5.0 ms (5.0 to 5.0)", "5.0 ms (5.0 to 5.0)")
    assert median_ratio([8.0, 8.0, 9.0], [2.0, 2.0, 2.0]).value == 4.0


async def test_a_closed_loop_keeps_the_order_and_the_number_of_clients() -> None:
    """Answers come in the order of the items, however they finish; never more at work than there are clients."""
    at_work, most = 0, 0

    async def work(item: int) -> int:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1
        return item * item

    run = await closed_loop(range(10), work, 3)
    assert run.answers == [item * item for item in range(10)]
    assert most == 3
    assert run.per_s > 0


async def test_the_first_error_ends_a_loop_under_its_own_name() -> None:
    """A caller sees the error, not a group of errors."""

    async def fail(_: int, __: float = 0.0) -> int:
        raise ConfigError("no")

    with pytest.raises(ConfigError):
        await closed_loop([1, 2], fail, 2)
    with pytest.raises(ConfigError):
        await open_loop([1], fail, [0.0])


async def test_an_open_loop_tells_when_work_was_due() -> None:
    """Each item learns its due moment, in the order of a Poisson process; a busy loop does not move it."""
    moments = poisson_moments_s(5, 10_000.0, 1)
    assert np.all(np.diff(moments) > 0)

    async def due(_: int, due_s: float) -> float:
        return due_s

    found = await open_loop(range(5), due, moments.tolist())
    assert np.diff(found) == pytest.approx(np.diff(moments))


def test_ratios_are_predicted_from_reading_and_writing() -> None:
    """Alone: (10 + 20 + 10 + 10 + 600) / 30; in a crowd: (0.02 + 0.01 + 0.2) / 0.02."""
    load = Load(read_tokens=200, reread_tokens=100, written_tokens=100)
    assert predicted_ratio_alone(SPEEDS, load) == pytest.approx(650 / 30)
    assert predicted_ratio_crowd(SPEEDS, load) == pytest.approx(0.23 / 0.02)


def test_only_verdicts_behind_a_full_queue_count() -> None:
    """The look after a verdict decides: explanations only get fewer; with no later look nothing is claimed."""
    watch = Watch([Look(1.0, 100.0, 9, 0), Look(2.0, 80.0, 9, 0), Look(3.0, 60.0, 9, 0)])
    assert [watch.explanations_at(moment) for moment in (0.5, 1.5, 2.5, 3.5)] == [100.0, 80.0, 60.0, 0.0]


def _stored(holds: bool | None) -> StoredSection:
    line = Line(what="a | b", required="4", measured="3", n=7, holds=holds)
    table = Table(title="Times", columns=("what", "p50"), rows=(("x", "1 ms"),), note="A note.")
    stamp = Stamp(commit="abc", model="m@1", quick=False, began_at="2025", wall_s=1.0, load_before=0.1)
    chart = Chart(
        title="By market",
        unit="%",
        categories=("SG", "ID"),
        series=(Series(name="a", values=(1.0, 2.0), lows=(0.5, 1.5), highs=(1.5, 2.5)),),
        marks_at=1.0,
    )
    result = SectionResult(
        section="latency", lines=(line,), tables=(table,), notes=("Said.",), charts=(chart,)
    )
    return StoredSection(stamp=stamp, result=result)


MACHINE = Machine(processor="P", cores=2, memory_gib=8.0, system="S", python="3.11", versions={"torch": "2"})


def test_the_report_hides_nothing() -> None:
    """A line that falls short stands out, sections that have not run are named, cells cannot break the table."""
    text = markdown(PAGE, ["latency", "memory"], {"latency": _stored(holds=False)}, MACHINE)
    assert "**falls short**" in text
    assert "0 of 1 required lines hold" in text
    assert "Not run yet: memory" in text
    assert "a / b" in text
    assert [line.what for line in falls_short([_stored(holds=False).result, _stored(holds=None).result])] == [
        "a | b"
    ]


def test_a_finished_section_is_found_again(tmp_path: Path) -> None:
    """What was stored is read back the same; a broken file is an error that names it; both reports are written."""
    store = SectionStore(tmp_path / "sections")
    assert store.read("latency") is None
    store.write(_stored(holds=True))
    assert store.read("latency") == _stored(holds=True)
    write_report(tmp_path / "out", PAGE, list(SECTIONS), {"latency": _stored(holds=True)}, MACHINE)
    names = {"main-job.md", "main-job.json", "main-job-latency-1.png"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    assert "![By market](main-job-latency-1.png)" in (tmp_path / "out" / "main-job.md").read_text("utf-8")
    (tmp_path / "sections" / "latency.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"latency\.json"):
        store.read("latency")


def test_the_command_line_names_its_sections() -> None:
    """Sections may be chosen; quick runs keep apart from full ones."""
    wanted = wanted_from(["--only", "latency", "memory", "--quick"], PAGE, tuple(SECTIONS), None)
    assert wanted.only == ("latency", "memory")
    assert wanted.quick
    with pytest.raises(SystemExit):
        wanted_from(["--only", "everything"], PAGE, tuple(SECTIONS), None)
