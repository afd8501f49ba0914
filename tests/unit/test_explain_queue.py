"""The cap on explanations: order, limits, and that verdicts go first.

Takes: many explanations at once. Gives: failures. Does not start an engine.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.errors import OverloadedError, ShuttingDownError
from serving.engines.explain_queue import ExplainQueue


async def _settle() -> None:
    """Let every task run until it waits for something."""
    for _ in range(20):
        await asyncio.sleep(0)


class _Explanations:
    """Starts explanations that run until they are let go, and remembers who ran in which order."""

    def __init__(self, queue: ExplainQueue) -> None:
        self.queue = queue
        self.order: list[int] = []
        self.let_go: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def start(self, *numbers: int) -> None:
        for number in numbers:
            self.let_go[number] = asyncio.Event()
            self.tasks[number] = asyncio.create_task(self._explain(number))
            await _settle()

    async def finish(self, *numbers: int) -> None:
        for number in numbers:
            self.let_go[number].set()
            await self.tasks[number]
            await _settle()

    async def _explain(self, number: int) -> None:
        async with self.queue.slot():
            self.order.append(number)
            await self.let_go[number].wait()


@asynccontextmanager
async def _explanations(queue: ExplainQueue) -> AsyncIterator[_Explanations]:
    explanations = _Explanations(queue)
    yield explanations
    for task in explanations.tasks.values():
        task.cancel()
    await asyncio.gather(*explanations.tasks.values(), return_exceptions=True)


async def test_slots_are_given_in_order_of_arrival() -> None:
    """Two slots: the first two run, the rest follow one by one as they came."""
    async with _explanations(ExplainQueue(slots=2, queue_limit=10)) as e:
        await e.start(0, 1, 2, 3, 4)
        assert (e.order, e.queue.running, e.queue.waiting) == ([0, 1], 2, 3)
        await e.finish(1)
        await e.finish(0)
        assert e.order == [0, 1, 2, 3]
        await e.finish(2, 3, 4)
        assert (e.order, e.queue.running, e.queue.waiting) == ([0, 1, 2, 3, 4], 0, 0)


async def test_a_full_queue_sheds_the_newcomer() -> None:
    """One slot and one place to wait: the third is refused at once and counted, the others are not touched."""
    async with _explanations(ExplainQueue(slots=1, queue_limit=1)) as e:
        await e.start(0, 1)
        with pytest.raises(OverloadedError):
            async with e.queue.slot():
                pytest.fail("a full queue gave a slot")
        assert (e.queue.shed, e.queue.running, e.queue.waiting) == (1, 1, 1)
        await e.finish(0, 1)


async def test_no_explanation_starts_while_a_verdict_waits() -> None:
    """With verdicts waiting even a free slot stays empty; once none waits, the held ones start in order."""
    verdicts = [1]
    queue = ExplainQueue(slots=2, queue_limit=10, verdicts_waiting=lambda: verdicts[0])
    async with _explanations(queue) as e:
        await e.start(0, 1, 2)
        queue.verdicts_changed()
        await _settle()
        assert (e.order, queue.running, queue.waiting) == ([], 0, 3)
        verdicts[0] = 0
        queue.verdicts_changed()
        await _settle()
        assert (e.order, queue.running) == ([0, 1], 2)


async def test_a_wait_that_is_too_long_is_shed() -> None:
    """An explanation held back for longer than the limit is refused, and leaves no place behind."""
    queue = ExplainQueue(slots=1, queue_limit=10, max_wait_s=0.001, verdicts_waiting=lambda: 1)
    with pytest.raises(OverloadedError):
        async with queue.slot():
            pytest.fail("a slot was given although verdicts wait")
    assert (queue.shed, queue.waiting, queue.running) == (1, 0, 0)


async def test_leaving_the_queue_frees_the_place() -> None:
    """A waiting explanation whose client leaves gives its place up; the next in line comes in its stead."""
    async with _explanations(ExplainQueue(slots=1, queue_limit=10)) as e:
        await e.start(0, 1, 2)
        e.tasks[1].cancel()
        await _settle()
        assert e.queue.waiting == 1
        await e.finish(0)
        assert e.order == [0, 2]


async def test_closing_sends_the_waiting_away_and_lets_the_running_finish() -> None:
    """After `close` those that wait and those that come get ShuttingDownError; the running one keeps its slot."""
    async with _explanations(ExplainQueue(slots=1, queue_limit=10)) as e:
        await e.start(0, 1)
        e.queue.close()
        with pytest.raises(ShuttingDownError):
            await e.tasks[1]
        with pytest.raises(ShuttingDownError):
            async with e.queue.slot():
                pytest.fail("a closed queue gave a slot")
        assert e.queue.running == 1
        await e.finish(0)
        assert e.queue.running == 0


@given(
    slots=st.integers(1, 4),
    limit=st.integers(0, 6),
    script=st.lists(
        st.tuples(st.sampled_from(["come", "finish", "leave", "verdict", "no verdict"]), st.integers(0, 30))
    ),
)
def test_slots_are_never_lost_or_exceeded(slots: int, limit: int, script: list[tuple[str, int]]) -> None:
    """Whatever comes, finishes or leaves in whatever order, no more than `slots` run and all are free at the end."""

    async def play() -> None:
        verdicts = [0]
        queue = ExplainQueue(slots=slots, queue_limit=limit, verdicts_waiting=lambda: verdicts[0])
        async with _explanations(queue) as e:
            for number, (what, which) in enumerate(script):
                if what == "come":
                    await e.start(number)
                elif what in {"verdict", "no verdict"}:
                    verdicts[0] = int(what == "verdict")
                    queue.verdicts_changed()
                elif e.tasks:
                    chosen = sorted(e.tasks)[which % len(e.tasks)]
                    if what == "finish":
                        e.let_go[chosen].set()
                    else:
                        e.tasks[chosen].cancel()
                assert queue.running <= slots
                assert queue.waiting <= limit
        assert (queue.running, queue.waiting) == (0, 0)

    asyncio.run(play())
