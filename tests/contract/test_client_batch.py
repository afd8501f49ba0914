"""Batches through the real service: order, resuming, what is asked again, and a service that goes away."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client.batch import BatchJob, run_batch
from client.client import Retries, VerdictClient
from client.errors import BatchFileError, ServiceUnreachable
from client.journal import journal_path
from client.results import BatchSummary
from serving.engines.scripted import CallKind, Scenario, Wait
from tests.contract.conftest import StartService
from tests.contract.cutting_proxy import cutting_proxy
from tests.contract.noted_waits import Waits
from tests.contract.running import Body, Service

WriteCases = Callable[..., Path]


@pytest.fixture
def write_cases(tmp_path: Path, case: Body) -> WriteCases:
    """Writes a file of cases `c-0`, `c-1`, ...; `changed` ones differ, `lines` stand in."""

    def write(count: int, changed: tuple[int, ...] = (), lines: dict[int, bytes] | None = None) -> Path:
        path = tmp_path / "cases.jsonl"
        rows = []
        for n in range(count):
            label = {"verdict": "induced", "decision_factors": ["Chat - asked to cancel"]}
            row = {**case, "case_id": f"c-{n}", "language": "en" if n in changed else None, "label": label}
            rows.append((lines or {}).get(n, json.dumps(row).encode()))
        path.write_bytes(b"\n".join(rows) + b"\n")
        return path

    return write


def _results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def _job(source: Path, concurrency: int = 4) -> BatchJob:
    return BatchJob(source, source.with_name("out.jsonl"), {"until": "verdict"}, concurrency)


async def _run(service: Service, job: BatchJob) -> BatchSummary:
    async with VerdictClient(service.server.url) as client:
        return await run_batch(job, client)


def _decided(service: Service) -> int:
    return len(service.engine.calls_of(CallKind.DECIDE))


async def test_one_line_a_case_in_input_order(service: Service, write_cases: WriteCases) -> None:
    """Each row has its id, the hash of its input, its status and its decision; the order is the input's."""
    job = _job(write_cases(20), concurrency=7)
    statuses: list[str] = []
    async with VerdictClient(service.server.url) as client:
        summary = await run_batch(job, client, statuses.append)
    rows = _results(job.target)
    assert [row["case_id"] for row in rows] == [f"c-{n}" for n in range(20)]
    assert {row["status"] for row in rows} == set(statuses) == {"short_circuited"}
    assert all(row["decision"]["case_id"] == row["case_id"] for row in rows)
    assert list(rows[0]) == ["case_id", "input_sha256", "status", "decision"]
    assert (summary.rows, summary.answered, len(statuses)) == (20, 20, 20)


async def test_a_label_is_never_sent(service: Service, write_cases: WriteCases) -> None:
    """A labelled file is classified, though the service refuses labels: they stay at home."""
    source = write_cases(1)
    assert b'"label"' in source.read_bytes()
    assert (await _run(service, _job(source))).failed == 0


async def test_a_second_run_asks_for_nothing(service: Service, write_cases: WriteCases) -> None:
    """Answered cases are not asked for again, and the file stays as it was."""
    job = _job(write_cases(5))
    await _run(service, job)
    before = job.target.read_bytes()
    assert (await _run(service, job)).answered == 5
    assert _decided(service) == 5
    assert job.target.read_bytes() == before


async def test_a_changed_case_is_asked_for_again(service: Service, write_cases: WriteCases) -> None:
    """Only the cases whose content changed are decided anew; a change of order or number is no change."""
    job = _job(write_cases(6))
    await _run(service, job)
    first = {row["case_id"]: row for row in _results(job.target)}
    write_cases(5, changed=(1, 3))
    await _run(service, job)
    second = {row["case_id"]: row for row in _results(job.target)}
    assert list(second) == [f"c-{n}" for n in range(5)]
    assert {name for name in second if second[name] != first[name]} == {"c-1", "c-3"}
    assert _decided(service) == 8


async def test_other_options_are_another_question(service: Service, write_cases: WriteCases) -> None:
    """The same cases with another `until` are asked for again."""
    job = _job(write_cases(2))
    await _run(service, job)
    whole = BatchJob(job.source, job.target, {"until": "reasoning"})
    await _run(service, whole)
    assert {row["status"] for row in _results(job.target)} == {"complete"}


async def test_bad_rows_do_not_stop_the_others(service: Service, write_cases: WriteCases) -> None:
    """A line that is not JSON is `invalid`, a refused case `refused` with its pointers; both are asked again later."""
    lines = {1: b'{"case_id": "half', 2: b'{"case_id": "c-2", "market": "XX"}'}
    job = _job(write_cases(4, lines=lines))
    summary = await _run(service, job)
    assert [row["status"] for row in _results(job.target)] == [
        "short_circuited",
        "invalid",
        "refused",
        "short_circuited",
    ]
    assert [row.case_id for row in summary.faults] == ["line-2", "c-2"]
    refused = _results(job.target)[2]["problem"]
    assert refused["status"] == 422
    assert {"/case/market", "/case/order"} <= {fault["pointer"] for fault in refused["errors"]}
    write_cases(4)
    assert (await _run(service, job)).failed == 0
    assert _decided(service) == 4


async def test_the_same_case_twice_is_asked_once(service: Service, write_cases: WriteCases) -> None:
    """Equal lines get an equal answer from one question, each on its own line."""
    source = write_cases(1)
    source.write_bytes(source.read_bytes() * 3)
    summary = await _run(service, _job(source))
    rows = _results(_job(source).target)
    assert (summary.answered, _decided(service)) == (3, 1)
    assert rows[0] == rows[1] == rows[2]


async def test_a_service_that_goes_away_costs_no_answer(
    start_service: StartService, write_cases: WriteCases
) -> None:
    """When the service vanishes in the middle, the batch stops with the reason; every answer that came is kept."""
    service = await start_service(Scenario(before_decide=(Wait(0.001),)))
    job = _job(write_cases(40), concurrency=3)
    answered: list[str] = []
    async with cutting_proxy(service.server.url) as proxy, VerdictClient(proxy.url, wait=Waits()) as client:

        def note(status: str) -> None:
            answered.append(status)
            if len(answered) == 10:
                proxy.vanish()

        with pytest.raises(ServiceUnreachable):
            await run_batch(job, client, note)
    assert not job.target.exists()
    kept = [
        row["case_id"] for row in _results(journal_path(job.target)) if row["status"] == "short_circuited"
    ]
    assert len(kept) == answered.count("short_circuited") >= 10
    decided_before = _decided(service)
    assert (await _run(service, job)).answered == 40
    assert _decided(service) - decided_before == 40 - len(kept)
    assert [row["case_id"] for row in _results(job.target)] == [f"c-{n}" for n in range(40)]


async def test_a_broken_answer_fails_its_row_alone(service: Service, write_cases: WriteCases) -> None:
    """A connection that breaks fails the row that was on it; the batch goes on, and the next run asks again."""
    job = _job(write_cases(5), concurrency=1)
    async with cutting_proxy(service.server.url, 0) as proxy, VerdictClient(proxy.url) as client:
        summary = await run_batch(job, client)
    assert [row["status"] for row in _results(job.target)] == ["failed", *["short_circuited"] * 4]
    assert (summary.answered, summary.failed) == (4, 1)
    assert (await _run(service, job)).failed == 0


async def test_a_service_that_stays_full_fails_rows_not_the_batch(
    start_service: StartService, write_cases: WriteCases
) -> None:
    """A row refused for lack of room, again and again, is `failed`, not the caller's fault, and asked again later."""
    service = await start_service(Scenario(before_decide=(Wait(0.02),)), decide_slots=1, queue_limit=0)
    job = _job(write_cases(6), concurrency=6)
    async with VerdictClient(service.server.url, retries=Retries(attempts=1)) as client:
        summary = await run_batch(job, client)
    statuses = [row["status"] for row in _results(job.target)]
    assert set(statuses) == {"short_circuited", "failed"}
    assert summary.failed == statuses.count("failed")
    assert (await _run(service, BatchJob(job.source, job.target, job.options, 1))).failed == 0


async def test_the_cases_themselves_are_never_the_target(service: Service, write_cases: WriteCases) -> None:
    """Answers cannot be written over the cases, by whatever name the file goes."""
    source = write_cases(1)
    before = source.read_bytes()
    linked = source.with_name("linked.jsonl")
    linked.hardlink_to(source)
    for target in (source, linked):
        with pytest.raises(BatchFileError, match="is the file of cases itself"):
            await _run(service, BatchJob(source, target, {}))
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["out.jsonl.part", "out.jsonl.new"])
async def test_the_cases_are_never_the_working_file(
    service: Service, write_cases: WriteCases, name: str
) -> None:
    """Nor are they taken for the journal or the file being written, which would cut, overwrite and remove them."""
    source = write_cases(2)
    source = source.rename(source.with_name(name))
    before = source.read_bytes()
    with pytest.raises(BatchFileError, match="is the file of cases itself"):
        await _run(service, _job(source))
    assert source.read_bytes() == before


async def test_cases_from_a_pipe_are_refused(service: Service, write_cases: WriteCases) -> None:
    """A pipe is empty once it was counted, and an empty batch would pass for a good one."""
    reading, writing = os.pipe()
    os.write(writing, write_cases(1).read_bytes())
    os.close(writing)
    target = write_cases(1).with_name("out.jsonl")
    with os.fdopen(reading), pytest.raises(BatchFileError, match="not a file that can be read twice"):
        await _run(service, BatchJob(Path(f"/dev/fd/{reading}"), target, {}))
