"""Who may explain now: a small fixed number at once, the rest in order of arrival, the surplus not at all.

Takes: how many explanations run at once (well under the engine's `max_num_seqs`), how many may wait and for how long,
and a question that tells how many verdicts wait. Gives: a slot to hold while an explanation runs, or `OverloadedError`
for one that is shed: its decision then goes out without reasoning.
Does not: start explanations, admit verdicts (`serving.admission`), or interrupt an explanation that runs.

The engine's own priorities order only its waiting queue, so an explanation that runs is never put back there. What
keeps verdicts from waiting is that explanations never fill the engine, and that none starts while a verdict waits.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cases.errors import OverloadedError, ShuttingDownError

_RETRY_AFTER_S = 1.0


def _no_verdict_waits() -> int:
    return 0


class ExplainQueue:
    """Slots for explanations, given in order of arrival. All of it runs on one event loop."""

    def __init__(
        self,
        *,
        slots: int,
        queue_limit: int,
        max_wait_s: float | None = None,
        verdicts_waiting: Callable[[], int] = _no_verdict_waits,
    ) -> None:
        self._slots = slots
        self._limit = queue_limit
        self._max_wait_s = max_wait_s
        self._verdicts_waiting = verdicts_waiting
        self._places: deque[asyncio.Future[None]] = deque()
        self._running = 0
        self._shed = 0
        self._closed = False

    @property
    def running(self) -> int:
        """Explanations that hold a slot."""
        return self._running

    @property
    def waiting(self) -> int:
        """Explanations that wait for one."""
        return len(self._places)

    @property
    def shed(self) -> int:
        """Explanations refused so far, because the queue was full or their wait too long."""
        return self._shed

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot while the body runs.

        Raises OverloadedError when the queue is full or the wait exceeded `max_wait_s`, ShuttingDownError after
        `close` (also for those that wait then).
        """
        await self._take()
        try:
            yield
        finally:
            self._give_back()

    def verdicts_changed(self) -> None:
        """To be called when fewer verdicts wait than before: explanations held back for them may start now."""
        while self._places and self._may_start():
            place = self._places.popleft()
            if not place.done():  # done: its caller was cancelled and has not run since
                self._running += 1
                place.set_result(None)

    def close(self) -> None:
        """Send away all that wait and all that come; those that run keep their slots."""
        self._closed = True
        while self._places:
            place = self._places.popleft()
            if not place.done():
                place.set_exception(ShuttingDownError("the service is closing"))

    def _may_start(self) -> bool:
        return self._running < self._slots and self._verdicts_waiting() == 0

    async def _take(self) -> None:
        if self._closed:
            raise ShuttingDownError("the service is closing")
        if not self._places and self._may_start():
            self._running += 1
            return
        if len(self._places) >= self._limit:
            raise self._overloaded(f"{len(self._places)} explanations wait already")
        place = asyncio.get_running_loop().create_future()
        self._places.append(place)
        try:
            async with asyncio.timeout(self._max_wait_s):
                await place
        except TimeoutError:
            self._withdraw(place)
            raise self._overloaded(f"an explanation waited longer than {self._max_wait_s} s") from None
        except asyncio.CancelledError:
            self._withdraw(place)
            raise

    def _withdraw(self, place: asyncio.Future[None]) -> None:
        if place in self._places:
            self._places.remove(place)
        elif not place.cancelled() and place.exception() is None:
            self._give_back()  # the slot came in the same turn of the loop in which we gave up

    def _give_back(self) -> None:
        self._running -= 1
        self.verdicts_changed()

    def _overloaded(self, message: str) -> OverloadedError:
        self._shed += 1
        return OverloadedError(message, _RETRY_AFTER_S)
