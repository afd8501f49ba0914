"""Two ways to put load on a service: so many clients one after the other, or requests at given moments.

Takes: work to do, clients or moments. Gives: how long each took. Does not: know what the work is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ClosedRun(Generic[Answer]):
    """Answers in the order of the items, and the seconds from the first request to the last answer."""

    answers: list[Answer]
    elapsed_s: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.elapsed_s


async def closed_loop(
    items: Sequence[Item], work: Callable[[Item], Awaitable[Answer]], clients: int
) -> ClosedRun[Answer]:
    """`clients` at work until the items are used up; each takes the next item when it has its answer.

    Raises the first error of any work; the rest is then cancelled.
    """
    waiting = iter(enumerate(items))
    answers: dict[int, Answer] = {}

    async def client() -> None:
        for index, item in waiting:
            answers[index] = await work(item)

    begun = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(clients, len(items))):
                group.create_task(client())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return ClosedRun([answers[index] for index in range(len(items))], time.perf_counter() - begun)


def poisson_moments_s(count: int, per_s: float, seed: int) -> np.ndarray:
    """Float64 [count]: arrival times of a Poisson process of rate `per_s`, in seconds from the start."""
    return np.cumsum(np.random.default_rng(seed).exponential(1.0 / per_s, size=count))


async def open_loop(
    items: Sequence[Item], work: Callable[[Item, float], Awaitable[Answer]], moments_s: Iterable[float]
) -> list[Answer]:
    """Each item's work begins at its moment, whatever is still under way; answers in the order of the items.

    `work` gets the moment (of `time.perf_counter`) at which it was due, so that a late start counts as waiting.
    """
    start = time.perf_counter()

    async def one(item: Item, moment_s: float) -> Answer:
        due = start + moment_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        return await work(item, due)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item, at)) for item, at in zip(items, moments_s, strict=True)]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]
