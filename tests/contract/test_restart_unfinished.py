"""What an asynchronous decision keeps, and what its readers see, when its process stops before it is done."""

import asyncio

from cases.decision import Decision
from serving.engines.base import EngineState
from serving.engines.scripted import CallKind, Gate, Scenario, ScriptedEngine
from tests.contract.conftest import MakeSettings, StartService
from tests.contract.running import Body, explaining, names, running_service, until


def _stuck_decide() -> ScriptedEngine:
    return ScriptedEngine(Scenario(before_decide=(Gate(asyncio.Event()),)))


def _away() -> ScriptedEngine:
    engine = ScriptedEngine()
    engine.state = EngineState.DOWN
    return engine


async def _left_undecided(make_settings: MakeSettings, case: Body) -> str:
    """The id of a decision whose process stopped while the engine decided."""
    async with running_service(make_settings(), _stuck_decide()) as service:
        decision_id = await service.submit(case)
        await service.called(CallKind.DECIDE)
    return decision_id


async def test_an_engine_that_comes_up_while_the_service_closes(
    make_settings: MakeSettings, start_service: StartService, case: Body
) -> None:
    """A decision that waited for the engine and met a closed door is not failed: the next process decides it."""
    decision_id = await _left_undecided(make_settings, case)
    async with running_service(make_settings(drain_s=60), _away()) as service:
        service.gateway.closing.set()
        service.engine.state = EngineState.READY
        await until(lambda: service.gateway.lifecycle.running == 0)
        assert service.row(decision_id)["status"] == "running"
    service = await start_service()
    assert names(await service.replayed(decision_id)) == ["verdict", "factors", "reasoning", "decision"]


async def test_a_farewell_takes_no_number_of_the_next_attempt(
    make_settings: MakeSettings, start_service: StartService, case: Body
) -> None:
    """A reader that goes on after the farewell of a process without an engine misses no event of the next one."""
    decision_id = await _left_undecided(make_settings, case)
    async with running_service(make_settings(), _away()) as service, service.followed(decision_id) as events:
        service.server.should_exit = True
        farewell = [event async for event in events]
    assert names(farewell) == ["problem"]
    service = await start_service()
    rest = await service.replayed(decision_id, farewell[-1].id)
    assert names(rest) == ["verdict", "factors", "reasoning", "decision"]


async def test_a_kept_verdict_keeps_its_warnings(
    make_settings: MakeSettings, start_service: StartService, case: Body
) -> None:
    """A decision that is only explained again still says that it is not calibrated, and what lay too late."""
    case["market"] = "BR"
    case["chat"].append({"at": "2025-03-05T09:00:00+08:00", "sender": "buyer", "text": "thx", "kind": "text"})
    stuck = explaining(Gate(asyncio.Event()))
    async with running_service(make_settings(), ScriptedEngine(stuck)) as service:
        decision_id = await service.submit(case)
        await service.called(CallKind.EXPLAIN)
        told = (await service.stored(decision_id)).warnings
    service = await start_service()
    last = Decision.model_validate_json((await service.replayed(decision_id))[-1].data)
    assert last.status == "complete"
    assert last.warnings == told
    assert any("not calibrated" in warning for warning in last.warnings)
