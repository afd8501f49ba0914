"""Whether traffic is welcome: while the engine loads, when it goes and comes back, when it never comes."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

import pytest

from cases.errors import EngineError, EngineStartError
from serving.engine_unit import EngineUnit
from serving.engines.base import EngineState
from serving.engines.scripted import REFUSED, Scenario, ScriptedEngine
from serving.server import serve
from tests.contract.conftest import MakeSettings, StartService
from tests.contract.running import Body, running_service, until


async def test_engine_comes_back(start_service: StartService, case: Body) -> None:
    """While the engine is down `/readyz` is red and answers are degraded; when it is back all is well."""
    service = await start_service()
    service.engine.state = EngineState.DOWN
    service.engine.scenario = Scenario(before_decide=(REFUSED,))
    assert (await service.http.get("/readyz")).status_code == 503
    assert (await service.decided(case)).degraded
    service.engine.state = EngineState.READY
    service.engine.scenario = Scenario()
    await until(lambda: service.gateway.warm)
    assert (await service.http.get("/readyz")).status_code == 200
    assert not (await service.decided(case)).degraded


async def test_a_loading_engine_is_not_ready(make_settings: MakeSettings, case: Body) -> None:
    """While the engine loads, the process lives, `/readyz` is red with the reason, and rules answer."""
    engine = ScriptedEngine(Scenario(before_decide=(REFUSED,)))
    engine.state = EngineState.STARTING
    async with running_service(make_settings(), engine) as service:
        assert (await service.http.get("/healthz")).status_code == 200
        red = await service.http.get("/readyz")
        assert (red.status_code, red.json()["detail"]) == (503, "engine starting: scripted")
        assert (await service.decided(case)).degraded_reason == "engine_unavailable"


async def test_ready_only_after_the_warm_up(start_service: StartService) -> None:
    """A ready service has sent its engine a request of each kind before any user did."""
    service = await start_service()
    assert [call.kind for call in service.engine.calls] == ["warm"]
    assert len(service.engine.calls[0].ids) > 100


async def test_an_engine_that_never_comes_ends_the_service(make_settings: MakeSettings) -> None:
    """When the first start fails the service ends by itself, with the engine's own words."""

    async def fail() -> None:
        raise EngineStartError("its last error line")

    with pytest.raises(EngineStartError, match="its last error line"):
        await serve(make_settings(), lambda _: EngineUnit(ScriptedEngine(), start=fail))


async def test_a_start_that_breaks_ends_the_service(make_settings: MakeSettings) -> None:
    """A fault that nobody foresaw in the engine's start ends the service too, instead of leaving it red for ever."""

    async def fail() -> None:
        raise RuntimeError("boom")

    async with asyncio.timeout(60):
        with pytest.raises(EngineError, match="RuntimeError at"):
            await serve(make_settings(), lambda _: EngineUnit(ScriptedEngine(), start=fail))


class _ClumsyEngine(ScriptedEngine):
    """Breaks at its first warm-up in a way that engines do not."""

    async def warm(self, prompt_ids: Sequence[int]) -> None:
        await super().warm(prompt_ids)
        if len(self.calls) == 1:
            raise RuntimeError("boom")


async def test_a_fault_does_not_end_the_watch(make_settings: MakeSettings) -> None:
    """After an unforeseen fault the engine is looked at again; the fault is counted, and closing goes its way."""
    async with asyncio.timeout(60), running_service(make_settings(), _ClumsyEngine()) as service:
        assert (await service.http.get("/readyz")).status_code == 200
        metrics = (await service.http.get("/metrics")).text
    assert 'verdict_internal_faults_total{where="engine_watch"} 1.0' in metrics


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--port", "99999"], "ConfigError: settings"),
        (["--engine-mode", "telepathy"], "engine_mode"),
        (["--model-dir", "no/such/model"], "ModelFileError"),
    ],
)
def test_a_wrong_start_is_one_line(options: list[str], told: str) -> None:
    """`verdict serve` names what the operator must mend, and exits 1 without a traceback."""
    command = [sys.executable, "-m", "cli.main", "serve", *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert told in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
