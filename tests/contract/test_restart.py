"""What is on disk when, and what becomes of a decision whose process was killed or stopped."""

import asyncio
import json
import sqlite3
from contextlib import closing

import httpx
import pytest

from cases.decision import Decision
from cases.errors import StoreError
from cases.verdict import Verdict
from serving.engine_unit import EngineUnit
from serving.engines.base import EngineState
from serving.engines.scripted import CallKind, Gate, Scenario, ScriptedEngine
from serving.server import opened_server
from tests.contract.conftest import MakeSettings, StartService
from tests.contract.running import Body, names, running_service
from tests.contract.service_process import service_process

SURE_OF_NOT = {Verdict.INDUCED: -5.0, Verdict.NOT_INDUCED: -0.02, Verdict.INCONCLUSIVE: -5.0}


async def test_the_case_is_stored_before_the_engine_is_asked(start_service: StartService, case: Body) -> None:
    """When the engine sees the question, another process finds case and decision on disk."""
    gate = asyncio.Event()
    service = await start_service(Scenario(before_decide=(Gate(gate),)))
    decision_id = await service.submit(case)
    await service.called(CallKind.DECIDE)
    row = service.row(decision_id)
    assert (row["status"], row["verdict_event"]) == ("running", None)
    assert json.loads(row["request"])["case"] == case
    gate.set()


async def test_the_verdict_is_stored_before_it_is_sent(start_service: StartService, case: Body) -> None:
    """When a client reads the verdict, another process finds the same on disk."""
    gate = asyncio.Event()
    service = await start_service(Scenario(explain={Verdict.INDUCED: (Gate(gate),)}))
    async with service.streamed(case) as events:
        verdict = await anext(events)
        assert service.row(verdict.id.rpartition(":")[0])["verdict_event"] == verdict.data
        gate.set()


async def test_a_verdict_is_not_shown_before_it_is_stored(start_service: StartService, case: Body) -> None:
    """As long as the disk has not taken the verdict, reading the decision shows none; then it shows the stored one."""
    decided, explained = asyncio.Event(), asyncio.Event()
    scenario = Scenario(before_decide=(Gate(decided),), explain={Verdict.INDUCED: (Gate(explained),)})
    service = await start_service(scenario)
    decision_id = await service.submit(case)
    await service.called(CallKind.DECIDE)
    with closing(sqlite3.connect(service.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody else can write now
        decided.set()
        looks = [await service.stored(decision_id) for _ in range(10)]
        other.execute("ROLLBACK")
    assert {look.verdict for look in looks} == {None}
    await service.called(CallKind.EXPLAIN)
    assert (await service.stored(decision_id)).verdict == "induced"
    assert json.loads(service.row(decision_id)["verdict_event"])["verdict"] == "induced"
    explained.set()


async def test_the_end_is_stored_before_it_is_sent(start_service: StartService, case: Body) -> None:
    """When a client reads the decision, it is on disk word by word."""
    service = await start_service()
    async with service.streamed(case) as events:
        async for event in events:
            if event.event == "decision":
                assert service.row(event.id.rpartition(":")[0])["decision"] == event.data


async def test_killed_between_case_and_verdict(make_settings: MakeSettings, case: Body) -> None:
    """Killed before the verdict, an asynchronous decision is decided after the restart under the same id."""
    settings = make_settings()
    async with service_process(settings, "stuck_decide") as child:
        body, headers = {"case": case}, {"Prefer": "respond-async"}
        decision_id = (await child.http.post("/v1/decisions", json=body, headers=headers)).json()[
            "decision_id"
        ]
        await child.kill()
    async with running_service(settings, ScriptedEngine()) as service:
        events = await service.replayed(decision_id)
        assert names(events) == ["verdict", "factors", "reasoning", "decision"]
        assert Decision.model_validate_json(events[-1].data).status == "complete"


async def test_killed_after_the_verdict(make_settings: MakeSettings, case: Body) -> None:
    """Killed in the explanation, an asynchronous decision keeps its verdict, and a reader can go on."""
    settings = make_settings()
    async with service_process(settings, "stuck_explain") as child:
        body, headers = {"case": case}, {"Prefer": "respond-async"}
        decision_id = (await child.http.post("/v1/decisions", json=body, headers=headers)).json()[
            "decision_id"
        ]
        while (first := Decision.model_validate(await _get(child.http, decision_id))).verdict is None:
            pass
        await child.kill()
    async with running_service(settings, ScriptedEngine(Scenario(logprobs=SURE_OF_NOT))) as service:
        events = await service.replayed(decision_id, f"{decision_id}:3")
        last = Decision.model_validate_json(events[-1].data)
        assert (last.status, last.verdict, last.score) == ("complete", first.verdict, first.score)
        assert first.verdict == "induced"
        assert names(events) == ["verdict", "factors", "reasoning", "decision"]
        assert service.engine.calls_of(CallKind.DECIDE) == []
        assert service.row(decision_id)["attempt"] == 1


async def test_a_streamed_decision_does_not_survive_its_process(
    make_settings: MakeSettings, case: Body
) -> None:
    """Killed with a client on the line: after the restart the decision is cancelled, its verdict as sent."""
    settings = make_settings()
    async with service_process(settings, "stuck_explain") as child:
        told = await child.first_events(case, 2)
    decision_id = told[0].id.rpartition(":")[0]
    async with running_service(settings, ScriptedEngine()) as service:
        found = await service.stored(decision_id)
        assert (found.status, found.verdict) == ("cancelled", "induced")
        assert [event.event for event in await service.replayed(decision_id, told[-1].id)] == ["decision"]
        assert (await service.replayed(decision_id))[0].data == told[0].data
        assert service.engine.calls_of(CallKind.EXPLAIN) == []


async def test_stopped_in_the_explanation(
    start_service: StartService, make_settings: MakeSettings, case: Body
) -> None:
    """Stopped in order, an asynchronous decision goes on in the next process."""
    gate = asyncio.Event()
    stuck = Scenario(explain={Verdict.INDUCED: (Gate(gate),)})
    async with running_service(make_settings(), ScriptedEngine(stuck)) as service:
        decision_id = await service.submit(case)
        await service.called(CallKind.EXPLAIN)
    service = await start_service()
    assert (await service.replayed(decision_id))[-1].event == "decision"
    assert (await service.stored(decision_id)).status == "complete"


async def test_a_decision_that_never_ends_is_given_up(make_settings: MakeSettings, case: Body) -> None:
    """After three unfinished attempts a decision fails instead of running for ever."""
    stuck = Scenario(explain={Verdict.INDUCED: (Gate(asyncio.Event()),)})
    async with running_service(make_settings(), ScriptedEngine(stuck)) as service:
        decision_id = await service.submit(case)
        await service.called(CallKind.EXPLAIN)
    for _ in range(2):
        async with running_service(make_settings(), ScriptedEngine(stuck)) as service:
            await service.called(CallKind.EXPLAIN)
    async with running_service(make_settings(), ScriptedEngine()) as service:
        found = await service.stored(decision_id)
        assert (found.status, found.verdict) == ("failed", "induced")
        assert (await service.replayed(decision_id))[-1].event == "problem"


async def test_two_services_do_not_share_a_log(
    start_service: StartService, make_settings: MakeSettings
) -> None:
    """A second process on the same log is refused: it would take up what the first one runs."""
    await start_service()
    with pytest.raises(StoreError, match="another service uses this decision log"):
        async with opened_server(make_settings(), lambda _: EngineUnit(ScriptedEngine())):
            pass


async def test_sigterm_ends_streams_and_process(make_settings: MakeSettings, case: Body) -> None:
    """SIGTERM to a real process: the open stream gets a last event, then the process is gone."""
    async with service_process(make_settings(drain_s=0.2), "stuck_explain") as child:
        body, headers = {"case": case}, {"Accept": "text/event-stream"}
        async with child.http.stream("POST", "/v1/decisions", json=body, headers=headers) as answer:
            lines = answer.aiter_lines()
            while await anext(lines) != "event: verdict":
                pass
            child.process.terminate()
            rest = [line async for line in lines]
        assert "event: problem" in rest
        await child.logs()
        assert child.process.returncode is not None


async def _get(http: httpx.AsyncClient, decision_id: str) -> object:
    return (await http.get(f"/v1/decisions/{decision_id}")).json()


async def test_restarts_without_an_engine_are_no_attempts(make_settings: MakeSettings, case: Body) -> None:
    """However often the service starts while its engine is away, a decision waits and is then decided."""
    stuck = Scenario(before_decide=(Gate(asyncio.Event()),))
    async with running_service(make_settings(), ScriptedEngine(stuck)) as service:
        decision_id = await service.submit(case)
        await service.called(CallKind.DECIDE)
    for _ in range(4):
        engine = ScriptedEngine()
        engine.state = EngineState.DOWN
        async with running_service(make_settings(), engine) as service:
            assert (await service.stored(decision_id)).status == "running"
    async with running_service(make_settings(), ScriptedEngine()) as service:
        assert (await service.replayed(decision_id))[-1].event == "decision"
