"""The typed client's streams against the real service: typed events, leaving, and connections that break."""

from contextlib import aclosing

import pytest

from cases.stream import (
    DecisionEvent,
    FactorsEvent,
    ProblemEvent,
    ReasoningEvent,
    StreamEvent,
    VerdictEvent,
)
from cases.verdict import Verdict
from client.client import Retries, VerdictClient
from client.errors import ConnectionBroken, ProblemError, ServiceUnreachable
from serving.engines.scripted import CallKind, Hang, Scenario
from tests.contract.conftest import StartService
from tests.contract.cutting_proxy import cutting_proxy
from tests.contract.noted_waits import Waits
from tests.contract.running import Body, Service

CUT_AT_ONCE = 0
SILENT_AFTER_THE_VERDICT = Scenario(explain={Verdict.INDUCED: (Hang(),)})


def _kinds(events: list[StreamEvent]) -> list[type[StreamEvent]]:
    return [type(event) for i, event in enumerate(events) if i == 0 or type(events[i - 1]) is not type(event)]


async def test_a_stream_comes_as_typed_events(service: Service, case: Body) -> None:
    """Verdict, factors, reasoning and the whole decision, each as its own type."""
    async with VerdictClient(service.server.url) as client:
        events = [event async for event in client.stream(case)]
    assert _kinds(events) == [VerdictEvent, FactorsEvent, ReasoningEvent, DecisionEvent]
    first, last = events[0], events[-1]
    assert isinstance(first, VerdictEvent)
    assert isinstance(last, DecisionEvent)
    assert (first.decision_id, first.verdict) == (last.decision_id, last.verdict)
    assert last.reasoning == "".join(event.delta for event in events if isinstance(event, ReasoningEvent))


async def test_options_reach_the_service(service: Service, case: Body) -> None:
    """What is asked for as a keyword is sent as an option."""
    async with VerdictClient(service.server.url) as client:
        events = [event async for event in client.stream(case, until="verdict")]
    assert _kinds(events) == [VerdictEvent, DecisionEvent]


async def test_a_refused_stream_raises_its_problem(service: Service, case: Body) -> None:
    """Bad fields are an exception with a JSON pointer each, before any event."""
    del case["order"]["placed_at"]
    async with VerdictClient(service.server.url) as client:
        with pytest.raises(ProblemError) as raised:
            _ = [event async for event in client.stream(case | {"colour": "red"}, until="never")]
    assert raised.value.problem.status == 422
    pointers = {fault.pointer for fault in raised.value.problem.errors}
    assert pointers == {"/case/order/placed_at", "/case/colour", "/options/until"}
    assert all(pointer in str(raised.value) for pointer in pointers)


async def test_leaving_the_loop_ends_the_work(start_service: StartService, case: Body) -> None:
    """A client that has seen enough closes its connection, and the engine stops writing."""
    service = await start_service(SILENT_AFTER_THE_VERDICT)
    async with VerdictClient(service.server.url) as client:
        async with aclosing(client.stream(case)) as events:
            verdict = await anext(events)
            await service.called(CallKind.EXPLAIN)
            assert service.engine.running == 1
        await service.idle()
        assert service.engine.running == 0
        assert isinstance(verdict, VerdictEvent)
        assert (await client.get(verdict.decision_id)).status == "cancelled"


async def test_a_broken_follower_goes_on_where_it_stopped(service: Service, case: Body) -> None:
    """A followed stream that breaks after every few events still gives each event once, and one decision."""
    waits = Waits()
    async with (
        cutting_proxy(service.server.url, 1, 3, CUT_AT_ONCE, 2) as proxy,
        VerdictClient(service.server.url) as straight,
        VerdictClient(proxy.url, wait=waits) as client,
    ):
        decision_id = await straight.submit(case)
        events = [event async for event in client.follow(decision_id)]
        assert events == [event async for event in straight.follow(decision_id)]
    assert proxy.connections == 5
    assert waits == [0.5, 0.5, 1.0, 0.5]  # longer only where nothing came in between
    assert len(service.engine.calls_of(CallKind.DECIDE)) == 1


async def test_a_broken_post_is_never_posted_again(start_service: StartService, case: Body) -> None:
    """A stream that breaks after its verdict goes on from what is stored: one case decided, once."""
    service = await start_service()
    waits = Waits()
    async with (
        cutting_proxy(service.server.url, 1) as proxy,
        VerdictClient(proxy.url, wait=waits) as client,
    ):
        events = [event async for event in client.stream(case)]
    assert [type(event) for event in events].count(VerdictEvent) == 1
    assert isinstance(events[-1], DecisionEvent)
    assert len(waits) == 1
    assert len(service.engine.calls_of(CallKind.DECIDE)) == 1


async def test_a_post_that_breaks_before_any_event_is_told(service: Service, case: Body) -> None:
    """Without an event the client cannot know whether it was decided: it says so and asks for nothing."""
    async with cutting_proxy(service.server.url, CUT_AT_ONCE) as proxy, VerdictClient(proxy.url) as client:
        with pytest.raises(ConnectionBroken):
            _ = [event async for event in client.stream(case)]
        assert proxy.connections == 1


async def test_a_stream_that_never_holds_is_given_up(service: Service, case: Body) -> None:
    """Attempts without progress are counted, with longer and longer waits; then the break is raised."""
    waits = Waits()
    cuts = [1, *[CUT_AT_ONCE] * 9]
    async with (
        cutting_proxy(service.server.url, *cuts) as proxy,
        VerdictClient(proxy.url, retries=Retries(attempts=4), wait=waits) as client,
    ):
        events = client.stream(case)
        assert isinstance(await anext(events), VerdictEvent)
        with pytest.raises(ConnectionBroken):
            await anext(events)
    assert waits == [0.5, 1.0, 2.0]


async def test_a_service_that_is_gone_is_told(service: Service, case: Body) -> None:
    """A stream whose service vanishes ends with the reason, after the attempts are used up."""
    async with (
        cutting_proxy(service.server.url, 1) as proxy,
        VerdictClient(proxy.url, retries=Retries(attempts=2), wait=Waits()) as client,
    ):
        events = client.stream(case)
        await anext(events)
        proxy.vanish()
        with pytest.raises(ServiceUnreachable, match="nothing answers"):
            await anext(events)


async def test_a_finished_stream_read_to_its_end_gives_nothing_more(service: Service, case: Body) -> None:
    """Following after the last event is an empty stream, not an endless reconnecting."""
    async with VerdictClient(service.server.url) as client:
        decision_id = await client.submit(case)
        seen = [event async for event in client.follow(decision_id)]
        rest = [event async for event in client.follow(decision_id, f"{decision_id}:{len(seen)}")]
        tail = [event async for event in client.follow(decision_id, f"{decision_id}:{len(seen) - 1}")]
    assert rest == []
    assert tail == seen[-1:]


async def test_a_failed_stream_ends_with_its_problem(start_service: StartService, case: Body) -> None:
    """A stream that the service has to end gives the problem as last event, with the decision's id."""
    service = await start_service(SILENT_AFTER_THE_VERDICT)
    async with VerdictClient(service.server.url) as client:
        events = client.stream(case)
        verdict = await anext(events)
        service.server.should_exit = True
        last = [event async for event in events][-1]
    assert isinstance(verdict, VerdictEvent)
    assert isinstance(last, ProblemEvent)
    assert (last.status, last.decision_id, last.retry_after_s) == (503, verdict.decision_id, 5)
