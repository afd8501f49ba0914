"""One test for each way a stream can end; ARCHITECTURE.md draws them in the same order."""

import asyncio
import json
from datetime import UTC, datetime

import anyio
import pytest
from starlette.types import Message

from cases.decision import Decision, DecisionStatus
from cases.stream import ReasoningEvent
from serving.engines.scripted import (
    DIED,
    REFUSED,
    SILENT,
    CallKind,
    Fail,
    Finish,
    Gate,
    Hang,
    Say,
    Scenario,
    spoken,
)
from serving.runs import CutReason, Run
from serving.streams import EventStream
from tests.contract.conftest import MakeSettings, StartService
from tests.contract.running import HALF, TEXT, Body, explaining, last_data, names, until


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def test_finished(start_service: StartService, case: Body) -> None:
    """Finished: the last event is the whole decision, complete."""
    service = await start_service()
    events = await service.events(case)
    assert names(events) == ["verdict", "factors", "reasoning", "decision"]
    assert (last_data(events)["status"], last_data(events)["degraded"]) == ("complete", False)


@pytest.mark.parametrize(
    ("until_", "told"),
    [("verdict", ["verdict", "decision"]), ("factors", ["verdict", "factors", "decision"])],
)
async def test_short_circuit(start_service: StartService, case: Body, until_: str, told: list[str]) -> None:
    """Short circuit: the stream ends where `until` says, and nothing runs on in the engine."""
    service = await start_service()
    events = await service.events(case, until=until_)
    assert names(events) == told
    assert last_data(events)["status"] == "short_circuited"
    assert service.engine.running == 0


async def test_client_gone_from_a_stream(start_service: StartService, case: Body) -> None:
    """Client gone: the engine's work ends, and the decision is stored as cancelled with its verdict."""
    service = await start_service(explaining(Say(HALF), Hang()))
    async with service.streamed(case) as events:
        verdict = await anext(events)
        await service.called(CallKind.EXPLAIN)
    await until(lambda: service.engine.running == 0)
    await service.idle()
    replayed = await service.replayed(verdict.id.rpartition(":")[0])
    assert replayed[0].data == verdict.data
    assert (last_data(replayed)["status"], last_data(replayed)["verdict"]) == ("cancelled", "induced")


async def test_client_gone_before_the_verdict(start_service: StartService, case: Body) -> None:
    """Client gone before the verdict: the decide request ends in the engine too."""
    service = await start_service(Scenario(before_decide=(Hang(),)))
    async with service.streamed(case):
        await service.called(CallKind.DECIDE)
    await until(lambda: service.engine.running == 0)
    await service.idle()


async def test_client_gone_from_json(start_service: StartService, case: Body) -> None:
    """Client gone while it waits for JSON: the same."""
    service = await start_service(Scenario(before_decide=(Hang(),)))
    asking = asyncio.create_task(service.decide(case))
    await service.called(CallKind.DECIDE)
    asking.cancel()
    await until(lambda: service.engine.running == 0)
    await service.idle()
    assert asking.cancelled()


async def test_one_of_two_clients_gone(start_service: StartService, case: Body) -> None:
    """As long as one client follows, the run goes on."""
    gate = asyncio.Event()
    service = await start_service(explaining(Say(HALF), Gate(gate), Say(TEXT[len(HALF) :]), Finish()))
    async with service.streamed(case) as events:
        decision_id = (await anext(events)).id.rpartition(":")[0]
        follower = service.followed(decision_id)
        second = await follower.__aenter__()
        await anext(second)
    gate.set()
    assert json.loads([event async for event in second][-1].data)["status"] == "complete"
    await follower.__aexit__(None, None, None)


async def test_client_that_does_not_read(make_settings: MakeSettings) -> None:
    """A client whose connection takes nothing for `send_timeout` counts as gone."""
    decision = Decision(
        decision_id="d-1",
        status=DecisionStatus.RUNNING,
        case_id="c-1",
        market="SG",
        created_at=datetime.now(UTC),
    )
    run = Run(decision, asynchronous=False)
    run.task = asyncio.create_task(_for_ever())
    run.tell(ReasoningEvent(delta="a piece that nobody reads"))
    stream = EventStream(run.follow(), make_settings(sse_send_timeout_s=0.01), anyio.Event(), run)

    async def stuck(message: Message) -> None:
        if message["type"] == "http.response.body":
            await _for_ever()

    async def connected() -> Message:
        await _for_ever()
        return {}

    await stream({"type": "http", "method": "GET"}, connected, stuck)
    assert run.cut_reason is CutReason.CLIENT_GONE
    with pytest.raises(asyncio.CancelledError):
        await run.task


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(REFUSED, "engine_unavailable"), (DIED, "engine_unavailable"), (SILENT, "engine_timeout")],
)
async def test_engine_dead_before_the_verdict(
    start_service: StartService, case: Body, fault: Fail, reason: str
) -> None:
    """Engine dead before the verdict: the rules answer, degraded, and nobody is penalised."""
    service = await start_service(Scenario(before_decide=(fault,)))
    events = await service.events(case)
    assert names(events) == ["verdict", "factors", "reasoning", "decision"]
    last = last_data(events)
    assert (last["status"], last["route"]) == ("complete", "rules")
    assert (last["degraded"], last["degraded_reason"]) == (True, reason)
    assert last["action"] != "penalise"


@pytest.mark.parametrize("fault", [DIED, SILENT])
async def test_engine_dead_in_the_explanation(start_service: StartService, case: Body, fault: Fail) -> None:
    """Engine dead in the explanation: the verdict stands, the decision ends without reasoning, degraded."""
    service = await start_service(explaining(Say(HALF), fault))
    events = await service.events(case)
    assert names(events) == ["verdict", "factors", "reasoning", "decision"]
    first, last = json.loads(events[0].data), last_data(events)
    assert (last["verdict"], last["score"]) == (first["verdict"], first["score"])
    assert (last["status"], last["reasoning"], last["degraded"]) == ("complete", None, True)
    assert str(last["degraded_reason"]).startswith("explanation_engine_")
    assert (first["action"], last["action"]) == ("penalise", "investigate")


async def test_engine_silent_in_the_explanation(start_service: StartService, case: Body) -> None:
    """An engine that stops writing is left after `explain_timeout_s`."""
    service = await start_service(explaining(Say(HALF), Hang()), explain_timeout_s=0.05)
    last = last_data(await service.events(case))
    assert (last["status"], last["degraded_reason"]) == ("complete", "explanation_deadline")
    assert service.engine.running == 0


async def test_document_malformed(start_service: StartService, case: Body) -> None:
    """A document that does not match is an error with a name, never a guess."""
    service = await start_service(explaining(*spoken("['No such factor']</decision_factors>\n<reasoning>x")))
    last = last_data(await service.events(case))
    assert (last["status"], last["decision_factors"], last["reasoning"]) == ("complete", None, None)
    assert last["degraded_reason"] == "explanation_malformed_document"
    assert any("malformed_document: " in str(warning) for warning in last["warnings"])
    assert "verdict_malformed_documents_total{" in (await service.http.get("/metrics")).text


async def test_explanations_shed(start_service: StartService, case: Body) -> None:
    """With the explanation queue full a decision goes out without one; its verdict did not wait."""
    gate = asyncio.Event()
    held = (Say(HALF), Gate(gate), Say(TEXT[len(HALF) :]), Finish())
    service = await start_service(explaining(*held), explain_slots=1, explain_queue_limit=0)
    first = await service.submit(case)
    await service.called(CallKind.EXPLAIN)
    last = last_data(await service.events(case))
    assert (last["verdict"], last["degraded_reason"]) == ("induced", "explanation_overloaded")
    gate.set()
    await service.idle()
    assert (await service.stored(first)).degraded is False


async def test_deadline(start_service: StartService, case: Body) -> None:
    """Deadline passed: the rules answer in time, degraded, and the decide request ends in the engine."""
    service = await start_service(Scenario(before_decide=(Hang(),)))
    last = last_data(await service.events(case, deadline_ms=10))
    assert (last["route"], last["degraded"], last["degraded_reason"]) == ("rules", True, "deadline")
    assert last["action"] != "penalise"
    assert service.engine.running == 0


async def test_deadline_in_the_queue(start_service: StartService, case: Body) -> None:
    """The deadline also counts the time in the queue."""
    gate = asyncio.Event()
    service = await start_service(Scenario(before_decide=(Gate(gate),)), decide_slots=1)
    await service.submit(case, deadline_ms=None)
    await service.called(CallKind.DECIDE)
    assert last_data(await service.events(case, deadline_ms=10))["degraded_reason"] == "deadline"
    assert len(service.engine.calls_of(CallKind.DECIDE)) == 1
    gate.set()
