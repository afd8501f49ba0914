"""The typed client's single answers against the real service: decisions, refusals, waits by `Retry-After`."""

import asyncio

import pytest

from client.batch import until_ready
from client.client import Retries, VerdictClient
from client.errors import ConnectionBroken, ProblemError, ServiceUnreachable
from serving.engines.base import EngineState
from serving.engines.scripted import CallKind, Gate, Scenario
from tests.contract.conftest import StartService
from tests.contract.cutting_proxy import cutting_proxy
from tests.contract.noted_waits import Waits
from tests.contract.running import Body, Service

CUT_AT_ONCE = 0


async def test_a_decision_is_typed(service: Service, case: Body) -> None:
    """A case in, a typed decision out; read again by its id it is the same."""
    async with VerdictClient(service.server.url) as client:
        decision = await client.decide(case, until="factors")
        assert (decision.status, decision.verdict) == ("short_circuited", "induced")
        assert await client.get(decision.decision_id) == decision


async def test_a_refusal_points_at_every_field(service: Service, case: Body) -> None:
    """Bad fields come as one exception that holds and prints a JSON pointer each."""
    async with VerdictClient(service.server.url) as client:
        with pytest.raises(ProblemError) as raised:
            await client.decide({**case, "case_id": "no spaces", "chat": [{"sender": "nobody"}]})
    pointers = [fault.pointer for fault in raised.value.problem.errors]
    assert {"/case/case_id", "/case/chat/0/sender"} <= set(pointers)
    assert all(pointer in str(raised.value) for pointer in pointers)


async def test_an_unknown_decision_is_a_problem(service: Service) -> None:
    """Reading what does not exist raises the service's 404, at once."""
    waits = Waits()
    async with VerdictClient(service.server.url, wait=waits) as client:
        with pytest.raises(ProblemError, match="404"):
            await client.get("d-none")
    assert waits == []


async def test_a_full_queue_is_waited_out(start_service: StartService, case: Body) -> None:
    """After 429 the client waits as long as the service asks for, then asks again and is answered."""
    gate = Gate(asyncio.Event())
    service = await start_service(Scenario(before_decide=(gate,)), decide_slots=1, queue_limit=0)

    async def the_queue_empties() -> None:
        gate.event.set()
        await service.idle()

    waits = Waits(the_queue_empties)
    async with VerdictClient(service.server.url, wait=waits) as client:
        first = await client.submit(case)
        await service.called(CallKind.DECIDE)
        second = await client.decide({**case, "case_id": "c-2"})
        assert (await client.get(first)).status == "complete"
    assert second.status == "complete"
    assert len(waits) == 1
    assert waits[0] >= 1.0


async def test_a_stream_waits_its_turn_too(start_service: StartService, case: Body) -> None:
    """A refused stream is asked for again after its `Retry-After`, and then comes whole."""
    gate = Gate(asyncio.Event())
    service = await start_service(Scenario(before_decide=(gate,)), decide_slots=1, queue_limit=0)

    async def the_queue_empties() -> None:
        gate.event.set()
        await service.idle()

    waits = Waits(the_queue_empties)
    async with VerdictClient(service.server.url, wait=waits) as client:
        await client.submit(case)
        await service.called(CallKind.DECIDE)
        events = [event async for event in client.stream({**case, "case_id": "c-2"}, until="verdict")]
    assert len(events) == 2
    assert len(waits) == 1


async def test_a_closing_service_is_waited_for_as_it_asks(start_service: StartService, case: Body) -> None:
    """503 with `Retry-After` is waited out by the header; when attempts are used up, the refusal is raised."""
    gate = Gate(asyncio.Event())
    service = await start_service(Scenario(before_decide=(gate,)), drain_s=60.0)
    waits = Waits()
    async with VerdictClient(service.server.url, retries=Retries(attempts=3), wait=waits) as client:
        await client.submit(case)
        await service.called(CallKind.DECIDE)
        service.server.should_exit = True
        with pytest.raises(ProblemError) as raised:
            await _refused(client, case)
        gate.event.set()
    assert raised.value.problem.status == 503
    assert waits == [5.0, 5.0]


async def test_a_wait_beyond_the_limit_is_not_begun(start_service: StartService, case: Body) -> None:
    """A client that may wait less than the service asks for raises the refusal instead of coming too early."""
    gate = Gate(asyncio.Event())
    service = await start_service(Scenario(before_decide=(gate,)), decide_slots=1, queue_limit=0)
    waits = Waits()
    retries = Retries(attempts=9, longest_wait_s=0.9)
    async with VerdictClient(service.server.url, retries=retries, wait=waits) as client:
        await client.submit(case)
        await service.called(CallKind.DECIDE)
        with pytest.raises(ProblemError) as raised:
            await client.decide({**case, "case_id": "c-2"})
        gate.event.set()
        await service.idle()
    assert raised.value.retry_after_s is not None
    assert raised.value.retry_after_s >= 1.0
    assert waits == []


async def test_a_broken_answer_is_not_asked_for_again(service: Service, case: Body) -> None:
    """A POST whose connection breaks may have been decided: the client says so and leaves it."""
    waits = Waits()
    async with (
        cutting_proxy(service.server.url, CUT_AT_ONCE) as proxy,
        VerdictClient(proxy.url, wait=waits) as client,
    ):
        with pytest.raises(ConnectionBroken):
            await client.decide(case)
    assert (waits, proxy.connections) == ([], 1)


async def test_a_broken_read_is_asked_for_again(service: Service, case: Body) -> None:
    """Reading decides nothing, so a broken GET is repeated."""
    waits = Waits()
    async with (
        cutting_proxy(service.server.url, CUT_AT_ONCE, CUT_AT_ONCE) as proxy,
        VerdictClient(service.server.url) as straight,
        VerdictClient(proxy.url, wait=waits) as client,
    ):
        decision = await straight.decide(case)
        assert await client.get(decision.decision_id) == decision
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:8000", "http://[::1", "ftp://127.0.0.1"])
async def test_nobody_at_the_address_is_told_at_once(url: str, case: Body) -> None:
    """A wrong address, or one where nothing listens, is one clear error without waiting."""
    waits = Waits()
    with pytest.raises(ServiceUnreachable, match=r"nothing answers|not an address"):
        async with VerdictClient(url, wait=waits) as client:
            await client.decide(case)
    assert waits == []


async def test_readiness_is_waited_for(start_service: StartService) -> None:
    """While the engine is away the reason is told; the wait ends when it is there."""
    service = await start_service()
    service.engine.state = EngineState.STARTING

    async def the_engine_comes_up() -> None:
        if len(waits) == 2:
            service.engine.state = EngineState.READY

    waits, told = Waits(the_engine_comes_up), list[str]()
    async with VerdictClient(service.server.url) as client:
        await until_ready(client, told.append, wait=waits)
        assert (await client.readiness()).ready
    assert len(waits) == 2
    assert told == ["engine starting: scripted"] * 2


async def test_readiness_is_not_waited_for_without_end(start_service: StartService) -> None:
    """A service that does not get ready in time is given up, with its own words."""
    service = await start_service()
    service.engine.state = EngineState.DOWN
    waits = Waits()
    async with VerdictClient(service.server.url) as client:
        with pytest.raises(ServiceUnreachable, match="engine down: scripted"):
            await until_ready(client, lambda _: None, limit_s=3.0, wait=waits)
    assert sum(waits) == 3.0


async def _refused(client: VerdictClient, case: Body) -> None:
    """Ask until the service has noticed that it is to close; before that it still answers."""
    while True:
        await client.decide(case, route="rules")
