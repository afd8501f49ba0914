"""README's commands and Python, word for word, against the service: what a reader copies works.

Only addresses are changed: the service's port, the folder for files, and where `verdict` is installed.
"""

import ast
import asyncio
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from cases.stream import DecisionEvent, FactorsEvent, StreamEvent, VerdictEvent
from client.client import VerdictClient
from serving.engines.scripted import CallKind
from tests.contract.running import Body, Service
from tests.readme import the_block
from tests.scripted import StartScripted, model_papers, start_scripted

__all__ = ["model_papers", "start_scripted"]  # fixtures
DEFAULT_URL = "http://127.0.0.1:8000"


@pytest.fixture
async def service(start_scripted: StartScripted) -> Service:
    """A running service with a scripted engine."""
    return await start_scripted()


@pytest.fixture
def commands(service: Service, root: Path, tmp_path: Path) -> list[str]:
    """README's commands to ask with, one script each, in order."""
    block = the_block(root, "bash", "curl")
    moved = block.replace(DEFAULT_URL, service.server.url).replace("/tmp/", f"{tmp_path}/")
    program = f"{sys.executable} -m cli.main"
    return [
        re.sub(
            r"\.venv/bin/verdict classify (.*)", rf"{program} classify \1 --url {service.server.url}", script
        )
        for script in moved.strip().split("\n\n")
    ]


async def _run(script: str, root: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=root,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_the_commands_do_what_they_say(
    commands: list[str], service: Service, root: Path, tmp_path: Path
) -> None:
    """The stream ends with a decision, the short one cost one token, the file holds an answer for every case."""
    stream, verdict_only, batch = commands
    events = re.findall(r"^event: (\w+)", await _run(stream, root), re.MULTILINE)
    assert (events[0], events[1], events[-1]) == ("verdict", "factors", "decision")
    assert set(events[2:-1]) == {"reasoning"}

    decision = json.loads(await _run(verdict_only, root))
    assert (decision["status"], decision["tokens"]["generated"]) == ("short_circuited", 1)

    await _run(batch, root)
    cases = [json.loads(line) for line in _lines(root / "eval" / "golden" / "dev.jsonl")]
    answers = [json.loads(line) for line in _lines(tmp_path / "decisions.jsonl")]
    assert [answer["case_id"] for answer in answers] == [case["case_id"] for case in cases]
    assert {answer["status"] for answer in answers} == {"complete"}
    assert len(service.engine.calls_of(CallKind.DECIDE)) == 2 + len(cases)


async def test_the_python_does_what_it_says(
    service: Service, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The snippet prints every event of the stream that it asks for."""
    source = the_block(root, "python", "VerdictClient").replace(DEFAULT_URL, service.server.url)
    case: Body = json.loads(_lines(root / "eval" / "golden" / "dev.jsonl")[0])
    case.pop("label")
    code = compile(source, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    scope: dict[str, Any] = {"case": case}
    running = eval(code, scope)  # noqa: S307 - the project's own page
    assert inspect.iscoroutine(running)
    await running
    kinds: list[type[StreamEvent]] = [VerdictEvent, FactorsEvent, DecisionEvent]
    assert scope["VerdictClient"] is VerdictClient
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition("=")[0] for line in printed] == [next(iter(kind.model_fields)) for kind in kinds]
    assert "status=<DecisionStatus.SHORT_CIRCUITED" in printed[-1]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
