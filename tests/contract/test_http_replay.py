"""Reading a decision's stream again: during the run, after it, from any event on, and asked for asynchronously."""

import asyncio
import json

from cases.verdict import Verdict
from serving.engines.scripted import CallKind, Finish, Gate, Say, Scenario, explanation_text
from tests.contract.conftest import StartService
from tests.contract.running import Body, Service, names


def _held(gate: asyncio.Event) -> Scenario:
    """An explanation that stops in the middle of its reasoning until the gate opens."""
    text = explanation_text(Verdict.INDUCED)
    cut = text.index("plainly")
    return Scenario(explain={Verdict.INDUCED: (Say(text[:cut]), Gate(gate), Say(text[cut:]), Finish())})


async def test_a_finished_stream_is_replayed_word_by_word(service: Service, case: Body) -> None:
    """GET gives the same events under the same ids as the POST did."""
    told = await service.events(case)
    again = await service.replayed(told[0].id.rpartition(":")[0])
    assert [(e.id, e.event, e.data) for e in again] == [(e.id, e.event, e.data) for e in told]


async def test_a_finished_stream_continues_after_any_event(service: Service, case: Body) -> None:
    """Whatever event was the last received, the rest follows without gap or repeat."""
    told = await service.events(case)
    decision_id = told[0].id.rpartition(":")[0]
    for position in range(len(told) - 1):
        rest = await service.replayed(decision_id, told[position].id)
        assert [event.id for event in rest] == [event.id for event in told[position + 1 :]]


async def test_the_last_event_of_a_finished_decision_gets_204(service: Service, case: Body) -> None:
    """Nothing follows the last event: 204 ends a browser's reconnecting."""
    told = await service.events(case)
    path = f"/v1/decisions/{told[0].id.rpartition(':')[0]}/events"
    answer = await service.http.get(path, headers={"Last-Event-ID": told[-1].id})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_running_stream_is_followed_from_its_begin(start_service: StartService, case: Body) -> None:
    """A second reader gets what was told before it came, and what comes."""
    gate = asyncio.Event()
    service = await start_service(_held(gate))
    decision_id = await service.submit(case)
    await service.called(CallKind.EXPLAIN)
    async with service.followed(decision_id) as events:
        found = [await anext(events), await anext(events)]
        gate.set()
        found += [event async for event in events]
    assert names(found) == ["verdict", "factors", "reasoning", "decision"]
    assert [event.id for event in found] == [event.id for event in await service.replayed(decision_id)]


async def test_a_running_stream_continues_after_the_last_event(
    start_service: StartService, case: Body
) -> None:
    """A reader that lost its connection goes on where it stopped while the decision still runs."""
    gate = asyncio.Event()
    service = await start_service(_held(gate))
    decision_id = await service.submit(case)
    await service.called(CallKind.EXPLAIN)
    async with service.followed(decision_id) as events:
        first = [await anext(events), await anext(events), await anext(events)]
    async with service.followed(decision_id, first[-1].id) as events:
        gate.set()
        rest = [event async for event in events]
    assert [event.id for event in first + rest] == [event.id for event in await service.replayed(decision_id)]


async def test_two_readers_get_the_same(start_service: StartService, case: Body) -> None:
    """Every reader of a running decision gets every event."""
    gate = asyncio.Event()
    service = await start_service(_held(gate))
    decision_id = await service.submit(case)
    async with service.followed(decision_id) as one, service.followed(decision_id) as other:
        gate.set()
        assert [event.id async for event in one] == [event.id async for event in other]


async def test_asynchronous_answers_at_once_with_its_location(
    start_service: StartService, case: Body
) -> None:
    """202 comes before the engine has answered, and `Location` leads to the decision."""
    gate = asyncio.Event()
    service = await start_service(Scenario(before_decide=(Gate(gate),)))
    answer = await service.decide(case, "wait=5, Respond-Async")
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    location = answer.headers["location"]
    assert location == f"/v1/decisions/{answer.json()['decision_id']}"
    assert (await service.http.get(location)).json()["status"] == "running"
    gate.set()
    found = await service.replayed(answer.json()["decision_id"])
    assert json.loads(found[-1].data)["status"] == "complete"


async def test_every_prefer_header_counts(service: Service, case: Body) -> None:
    """Preferences may come in several headers of that name."""
    headers = [("Prefer", "wait=5"), ("Prefer", "respond-async")]
    answer = await service.http.post("/v1/decisions", json={"case": case}, headers=headers)
    assert answer.status_code == 202


async def test_asynchronous_goes_on_without_readers(start_service: StartService, case: Body) -> None:
    """A reader that leaves an asynchronous decision does not end it."""
    gate = asyncio.Event()
    service = await start_service(_held(gate))
    decision_id = await service.submit(case)
    async with service.followed(decision_id) as events:
        await anext(events)
    gate.set()
    await service.idle()
    assert (await service.stored(decision_id)).status == "complete"
