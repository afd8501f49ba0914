"""The guard and the supervisor, with small programs in vLLM's place.

Takes: programs that start at once. Gives: failures. Does not: start vLLM (`test_vllm_process` does).
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cases.errors import ConfigError, EngineStartError, EngineUnavailable
from cases.verdict import VERDICTS, Verdict
from serving.engines.base import EngineState
from serving.engines.supervised_vllm import SupervisedVllm
from serving.engines.vllm_command import VllmServerOptions
from serving.engines.wording import Wording
from tests.integration.conftest import Until
from tests.integration.process_watching import alive, children

HERE = Path(__file__).parent
GUARD = HERE.parents[1] / "serving" / "engines" / "guard.py"
LABELS = {verdict: 100 + index for index, verdict in enumerate(VERDICTS)}
WORDING = Wording(LABELS, dict.fromkeys(VERDICTS, (1,)), dict.fromkeys(VERDICTS, ""), "", 2)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model folder for the stand-in."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "labels.json").write_text(json.dumps(LABELS), encoding="utf-8")
    return folder


@pytest_asyncio.fixture
async def engine(model: Path, tmp_path: Path) -> AsyncIterator[SupervisedVllm]:
    """A supervised stand-in, not started."""
    program = (sys.executable, "-S", str(HERE / "stand_in_vllm.py"))
    supervised = SupervisedVllm(VllmServerOptions(model, tmp_path / "work", program=program), WORDING)
    yield supervised
    await supervised.close()


async def test_an_engine_lives_until_it_is_closed(engine: SupervisedVllm) -> None:
    """STARTING before, READY while it answers, STOPPED after; the process is gone then, and close may come twice."""
    assert (await engine.health()).state is EngineState.STARTING
    await engine.start()
    assert (await engine.health()).ready
    await engine.close()
    await engine.close()
    assert (await engine.health()).state is EngineState.STOPPED
    assert engine.pid is not None
    assert not alive(engine.pid)


async def test_requests_to_an_engine_that_is_down_fail_at_once(engine: SupervisedVllm) -> None:
    """Before the start both kinds of call raise EngineUnavailable with the state in it."""
    with pytest.raises(EngineUnavailable, match="starting"):
        await engine.decide([1], request_id="r")
    with pytest.raises(EngineUnavailable, match="starting"):
        await anext(engine.explain([1], Verdict.INDUCED, request_id="r"))


async def test_a_first_start_that_fails_is_told_with_its_cause(engine: SupervisedVllm, model: Path) -> None:
    """The start raises with the last error line; the engine is DOWN with the same words and is not tried again."""
    (model / "broken").write_text("ValueError: the weights are torn", encoding="utf-8")
    with pytest.raises(EngineStartError, match="ValueError: the weights are torn"):
        await engine.start()
    health = await engine.health()
    assert health.state is EngineState.DOWN
    assert "the weights are torn" in health.message


async def test_an_engine_that_serves_another_tokenizer_is_stopped(
    engine: SupervisedVllm, model: Path
) -> None:
    """A label that starts with another token is the operator's error, and the process does not stay."""
    (model / "labels.json").write_text(json.dumps(LABELS | {Verdict.INDUCED: 7}), encoding="utf-8")
    with pytest.raises(ConfigError, match="starts with token 7, not with 100"):
        await engine.start()
    assert engine.pid is not None
    assert not alive(engine.pid)


async def test_a_dead_engine_is_started_until_it_lives_again(
    engine: SupervisedVllm, model: Path, until: Until
) -> None:
    """Killed while its model is broken: DOWN, a restart that fails with its cause told, and READY once it is mended."""
    await engine.start()
    first = engine.pid
    assert first is not None
    (model / "broken").write_text("ValueError: the weights are torn", encoding="utf-8")
    os.kill(first, signal.SIGKILL)

    async def restart_failed() -> bool:
        health = await engine.health()
        return health.state is EngineState.DOWN and "the weights are torn; next start in" in health.message

    async def ready() -> bool:
        return (await engine.health()).ready

    await until(restart_failed)
    assert engine.restarts == 0
    (model / "broken").unlink()
    await until(ready)
    assert engine.restarts == 1
    assert engine.pid != first


STAND_IN = """
import subprocess, sys, time
guard = subprocess.Popen([sys.executable, "-I", "-S", sys.argv[1], sys.executable, "-c", sys.argv[2]],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
sys.stdout.buffer.write(guard.stdout.readline())
sys.stdout.flush()
time.sleep(600)
"""
ENGINE = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""


async def test_a_killed_gateway_takes_the_engine_and_its_helpers_along(until: Until) -> None:
    """Kill -9 of the guard's parent ends a child that ignores SIGTERM, and the process that the child started."""
    gateway = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STAND_IN, str(GUARD), ENGINE), stdout=asyncio.subprocess.PIPE
    )
    assert gateway.stdout is not None
    engine = int(await gateway.stdout.readline())

    async def has_helper() -> bool:
        return len(children(engine)) == 1

    await until(has_helper)
    (helper,) = children(engine)
    gateway.kill()
    await gateway.wait()

    async def all_gone() -> bool:
        return not alive(engine) and not alive(helper)

    await until(all_gone)


async def test_the_guard_tells_how_its_child_ended() -> None:
    """The guard's exit status is the child's, or 128 and the signal that ended it."""
    for code, expected in (("import sys; sys.exit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)):
        guard = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(GUARD), sys.executable, "-c", code),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert guard.stdout is not None
        assert (await guard.stdout.read()).strip().isdigit()  # its standard input stays open meanwhile
        assert await guard.wait() == expected
