"""`verdict classify` as a user runs it, against the real service: exit codes, output, kills and full disks."""

import asyncio
import json
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import build
from client.journal import journal_path
from serving.engines.base import EngineState
from serving.engines.scripted import CallKind, Gate, Scenario
from tests.contract.conftest import StartService
from tests.contract.running import Body, Service, until

KIB = 1024


@pytest.fixture
def source(tmp_path: Path, case: Body) -> Path:
    """A file of forty labelled cases."""
    path = tmp_path / "cases.jsonl"
    rows = [{**case, "case_id": f"c-{n}", "label": {"verdict": "induced"}} for n in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def target(source: Path) -> Path:
    """Where the answers go without `--out`."""
    return source.with_name("cases.decisions.jsonl")


async def _classify(service: Service, source: Path, *arguments: str) -> Result:
    """Run the command in a thread, since the service shares this one."""
    line = ["classify", str(source), "--url", service.server.url, "--until", "verdict", *arguments]
    return await asyncio.to_thread(CliRunner().invoke, build(), line)


async def _started(
    service: Service, source: Path, *arguments: str, before: Callable[[], None] | None = None
) -> asyncio.subprocess.Process:
    """Start the command as a process of its own; `before` runs in it first."""
    line = ("classify", str(source), "--url", service.server.url, "--until", "verdict", *arguments)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", *line),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=before,
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def _decided(service: Service) -> int:
    return len(service.engine.calls_of(CallKind.DECIDE))


def _whole_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


async def test_all_answered_is_exit_0(service: Service, source: Path, target: Path) -> None:
    """The answers lie beside the cases, standard output stays empty, and the exit code is 0."""
    result = await _classify(service, source)
    assert (result.exit_code, result.stdout) == (0, "")
    assert [row["case_id"] for row in _rows(target)] == [f"c-{n}" for n in range(40)]
    assert "40 answered, 0 not; wrote" in result.stderr


async def test_json_also_goes_to_standard_output(service: Service, source: Path, tmp_path: Path) -> None:
    """With `--json` the very lines of the result file are printed, with `--out` it is where it was asked for."""
    out = tmp_path / "elsewhere.jsonl"
    result = await _classify(service, source, "--json", "--out", str(out))
    assert result.exit_code == 0
    assert result.stdout_bytes == out.read_bytes()


async def test_a_row_without_an_answer_is_exit_1(service: Service, source: Path, target: Path) -> None:
    """One bad row among good ones: the others are answered, the bad one is named with its fields, exit code 1."""
    with source.open("a") as cases:
        cases.write('{"case_id": "[/red]bad", "market": "SG"}\nnot json\n')
    result = await _classify(service, source)
    assert result.exit_code == 1
    assert "40 answered, 2 not" in result.stderr
    assert "[/red]bad refused: 422" in result.stderr
    assert "/case/order" in result.stderr
    assert "line-42 invalid" in result.stderr
    assert len(_rows(target)) == 42


def test_no_service_is_exit_2(source: Path) -> None:
    """Nothing answers: one line says so and what to do, and nothing is left behind."""
    line = ["classify", str(source), "--url", "http://127.0.0.1:1"]
    result = CliRunner().invoke(build(), line)
    assert result.exit_code == 2
    assert "nothing answers at http://127.0.0.1:1" in result.stderr
    assert "make serve" in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in source.parent.iterdir()] == [source.name]


async def test_an_unknown_option_value_is_refused_before_any_case(service: Service, source: Path) -> None:
    """A wrong `--until` is the command line's fault, not that of forty cases."""
    result = await _classify(service, source, "--until", "never")
    assert result.exit_code == 2
    assert service.engine.calls_of(CallKind.DECIDE) == []


async def test_a_place_that_cannot_be_written_is_told_before_any_case(service: Service, source: Path) -> None:
    """No case is decided when its answer could not be kept."""
    result = await _classify(service, source, "--out", str(source.parent / "none" / "out.jsonl"))
    assert result.exit_code == 2
    assert "out.jsonl.part: No such file or directory" in result.stderr
    assert service.engine.calls_of(CallKind.DECIDE) == []


async def test_an_engine_that_loads_is_waited_for(
    start_service: StartService, source: Path, target: Path
) -> None:
    """While the engine is not ready rules would answer: the batch waits until it is, and nothing is degraded."""
    service = await start_service()
    service.engine.state = EngineState.STARTING
    process = await _started(service, source)
    assert process.stderr is not None
    assert await process.stderr.readline() == b"waiting for the service: engine starting: scripted\n"
    assert _decided(service) == 0
    service.engine.state = EngineState.READY
    await process.communicate()
    assert process.returncode == 0
    assert not any(row["decision"]["degraded"] for row in _rows(target))


@pytest.mark.parametrize(("lines", "torn"), [(1, False), (7, True), (23, True)])
async def test_a_killed_run_goes_on_where_it_was(
    start_service: StartService, source: Path, target: Path, lines: int, *, torn: bool
) -> None:
    """Killed (-9) with some answers on disk, the last perhaps half written: the next run asks for the others only."""
    gate = Gate(asyncio.Event())
    gate.event.set()
    service = await start_service(Scenario(before_decide=(gate,)))
    journal = journal_path(target)
    process = await _started(service, source, "--concurrency", "2")
    await until(lambda: _whole_lines(journal) >= lines)
    gate.event.clear()  # so that it cannot end before it is killed
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    gate.event.set()
    await service.idle()
    assert process.returncode == -signal.SIGKILL
    assert _whole_lines(target) == 0
    kept = _whole_lines(journal)
    assert lines <= kept < 40
    if torn:
        with journal.open("ab") as written:
            written.write(b'{"case_id":"c-39","input_sha256":"')
    decided = _decided(service)
    assert (await _classify(service, source)).exit_code == 0
    assert [row["case_id"] for row in _rows(target)] == [f"c-{n}" for n in range(40)]
    assert _decided(service) - decided == 40 - kept
    assert _whole_lines(journal) == 0


async def test_an_interrupt_keeps_what_was_answered(
    start_service: StartService, source: Path, target: Path
) -> None:
    """Ctrl-C ends with 130 and a word on how to go on; the answers are kept, nothing runs on in the engine."""
    gate = Gate(asyncio.Event())
    gate.event.set()
    service = await start_service(Scenario(before_decide=(gate,)))
    process = await _started(service, source, "--concurrency", "1")
    await until(lambda: _whole_lines(journal_path(target)) >= 3)
    gate.event.clear()
    process.send_signal(signal.SIGINT)
    _, errors = await process.communicate()
    await service.idle()
    assert process.returncode == 130
    assert "the same command goes on from there" in errors.decode()
    assert "Traceback" not in errors.decode()
    assert _whole_lines(journal_path(target)) >= 3


async def test_a_full_disk_is_told_and_costs_no_answer(service: Service, source: Path, target: Path) -> None:
    """When an answer cannot be written whole, the run ends with the file's name; what was written counts later."""

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20 * KIB, 20 * KIB))

    process = await _started(service, source, before=little_room)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert f"{journal_path(target).name}: File too large" in errors.decode()
    assert "Traceback" not in errors.decode()
    kept = _whole_lines(journal_path(target))
    assert 1 < kept < 40
    await service.idle()
    decided = _decided(service)
    assert (await _classify(service, source)).exit_code == 0
    assert _decided(service) - decided == 40 - kept
