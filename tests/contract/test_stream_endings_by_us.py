"""The ways a stream ends because the service itself stops or fails; ARCHITECTURE.md draws them in the same order."""

import asyncio

from serving.engines.scripted import CallKind, Finish, Gate, Hang, Say, Scenario
from tests.contract.conftest import StartService
from tests.contract.running import HALF, TEXT, Body, explaining, last_data, names, until


async def test_shutdown_of_a_stream(start_service: StartService, case: Body) -> None:
    """Shutdown: a stream that cannot finish in time ends with a problem; its decision is cancelled."""
    service = await start_service(explaining(Say(HALF), Hang()))
    async with service.streamed(case) as events:
        found = [await anext(events)]
        await service.called(CallKind.EXPLAIN)
        service.server.should_exit = True
        found += [event async for event in events]
    assert names(found) == ["verdict", "factors", "reasoning", "problem"]
    problem = last_data(found)
    assert (problem["status"], problem["decision_id"]) == (503, found[0].id.rpartition(":")[0])
    assert service.engine.running == 0
    assert service.row(str(problem["decision_id"]))["status"] == "cancelled"


async def test_shutdown_lets_a_stream_finish(start_service: StartService, case: Body) -> None:
    """Shutdown: a stream that can finish in time does."""
    gate = asyncio.Event()
    held = (Say(HALF), Gate(gate), Say(TEXT[len(HALF) :]), Finish())
    service = await start_service(explaining(*held), drain_s=60)
    async with service.streamed(case) as events:
        await anext(events)
        await service.called(CallKind.EXPLAIN)
        service.server.should_exit = True
        await until(service.gateway.closing.is_set)
        gate.set()
        found = [event async for event in events]
    assert last_data(found)["status"] == "complete"


async def test_shutdown_of_json(start_service: StartService, case: Body) -> None:
    """Shutdown: a client that waits for JSON gets the problem as its answer."""
    service = await start_service(Scenario(before_decide=(Hang(),)))
    asking = asyncio.create_task(service.decide(case))
    await service.called(CallKind.DECIDE)
    service.server.should_exit = True
    answer = await asking
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:verdict:problem:shutting-down")
    assert answer.headers["retry-after"]


async def test_shutdown_of_an_asynchronous_decision(start_service: StartService, case: Body) -> None:
    """Shutdown: readers of an asynchronous decision get a problem; the decision stays to be run again."""
    service = await start_service(explaining(Say(HALF), Hang()))
    decision_id = await service.submit(case)
    async with service.followed(decision_id) as events:
        await anext(events)
        service.server.should_exit = True
        found = [event async for event in events]
    assert found[-1].event == "problem"
    assert service.row(decision_id)["status"] == "running"


async def test_a_fault_of_ours(start_service: StartService, case: Body) -> None:
    """A fault of the service ends the stream with a problem, and is counted."""
    service = await start_service(
        Scenario(logprobs={})
    )  # nonsense that no engine gives: it breaks the policy
    events = await service.events(case)
    assert names(events) == ["problem"]
    assert (last_data(events)["status"], events[0].id.endswith(":1")) == (500, True)
    decision = await service.stored(str(last_data(events)["decision_id"]))
    assert decision.status == "failed"
    assert 'verdict_internal_faults_total{where="pipeline"} 1.0' in (await service.http.get("/metrics")).text


async def test_the_log_lost_in_between(start_service: StartService, case: Body) -> None:
    """A verdict that cannot be stored is not sent: the stream ends with a problem."""
    gate = asyncio.Event()
    service = await start_service(Scenario(before_decide=(Gate(gate),)))
    async with service.streamed(case) as events:
        await service.called(CallKind.DECIDE)
        with service.gateway.parts.log._database.begin() as connection:
            connection.exec_driver_sql("DROP TABLE decisions")
        gate.set()
        found = [event async for event in events]
    assert names(found) == ["problem"]
    assert last_data(found)["type"] == "urn:verdict:problem:not-stored"
