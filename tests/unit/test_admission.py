"""The queue before the engine: order, limit, time to wait."""

import asyncio

import pytest

from cases.errors import OverloadedError, ShuttingDownError
from serving.admission import Admission


class _Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_slots_come_in_order_of_arrival() -> None:
    """Who came first goes first."""
    admission = Admission(slots=1, queue_limit=9)
    tickets = [admission.enter() for _ in range(3)]
    served: list[int] = []

    async def go(number: int) -> None:
        await tickets[number].slot()
        served.append(number)
        tickets[number].leave()

    await asyncio.gather(*(go(number) for number in range(3)))
    assert served == [0, 1, 2]


async def test_a_full_queue_refuses_and_a_place_given_back_admits() -> None:
    """Slots and queue together are the limit; leaving frees a place, also twice only one."""
    admission = Admission(slots=1, queue_limit=1)
    first, _ = admission.enter(), admission.enter()
    with pytest.raises(OverloadedError):
        admission.enter()
    first.leave()
    first.leave()
    admission.enter()
    with pytest.raises(OverloadedError):
        admission.enter()


async def test_the_wait_follows_the_drain_rate() -> None:
    """With one case a second leaving, three cases present mean three seconds; standing still makes it longer."""
    clock = _Clock()
    admission = Admission(slots=10, queue_limit=10, clock=clock)
    for _ in range(5):
        ticket = admission.enter()
        await ticket.slot()
        clock.now_s += 1.0
        ticket.leave()
    for _ in range(3):
        admission.enter()
    clock.now_s += 1.0
    assert admission.wait_s() == pytest.approx(3.0)
    clock.now_s += 1000.0
    assert admission.wait_s() == 60.0


async def test_a_quiet_night_is_not_taken_for_a_slow_engine() -> None:
    """Time in which nobody was here does not count: the rate is that of the hours with work."""
    clock = _Clock()
    admission = Admission(slots=9, queue_limit=9, clock=clock)
    for _ in range(4):
        clock.now_s += 3600.0
        ticket = admission.enter()
        await ticket.slot()
        clock.now_s += 2.0
        ticket.leave()
    clock.now_s += 3600.0
    for _ in range(10):
        admission.enter()
    clock.now_s += 2.0
    assert admission.wait_s() == pytest.approx(20.0)


async def test_without_history_the_wait_is_short() -> None:
    """Before anything has left there is no rate to go by."""
    assert Admission(slots=1, queue_limit=0).wait_s() == 1.0


async def test_a_cancelled_wait_holds_nothing() -> None:
    """A case that gives up in the queue leaves no trace in it."""
    admission = Admission(slots=1, queue_limit=5)
    holder, waiter = admission.enter(), admission.enter()
    await holder.slot()
    waiting = asyncio.create_task(waiter.slot())
    await asyncio.sleep(0)
    assert admission.waiting == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    waiter.leave()
    assert admission.waiting == 0
    holder.leave()
    third = admission.enter()
    await third.slot()


async def test_a_closed_queue_admits_nobody() -> None:
    """After `close` new cases are told that the service is closing, whoever they are."""
    admission = Admission(slots=1, queue_limit=1)
    admission.close()
    for beyond_limit in (False, True):
        with pytest.raises(ShuttingDownError):
            admission.enter(beyond_limit=beyond_limit)


async def test_those_who_wait_less_are_told() -> None:
    """Whoever holds back for waiting cases hears when fewer wait."""
    heard: list[int] = []
    admission = Admission(slots=1, queue_limit=5, on_change=lambda: heard.append(admission.waiting))
    first, second = admission.enter(), admission.enter()
    await first.slot()
    waiting = asyncio.create_task(second.slot())
    await asyncio.sleep(0)
    first.leave()
    await waiting
    assert heard[-1] == 0
