"""Who may ask the engine for a verdict now, who waits, and who is sent away.

Takes: how many decide requests the engine handles at once, and how many may wait.
Gives: a `Ticket` at once, whose slot comes in order of arrival; `OverloadedError` with the time to wait, from the
measured drain rate, when the queue is full; `ShuttingDownError` after `close`.
Does not: cap explanations (`serving.engines.explain_queue`) or watch deadlines (the caller's time-out does).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from cases.errors import OverloadedError, ShuttingDownError

_REMEMBERED = 64
_WAIT_RANGE_S = (1.0, 60.0)


class Admission:
    """A bounded queue before the engine. All of it runs on one event loop."""

    def __init__(
        self,
        *,
        slots: int,
        queue_limit: int,
        on_change: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_change` is called whenever fewer cases wait than before."""
        self._slots = asyncio.Semaphore(slots)
        self._limit = slots + queue_limit
        self._present = 0
        self._queued = 0
        self._left_at: deque[float] = deque(maxlen=_REMEMBERED)
        self._clock = clock
        self._idle_s = 0.0  # how long nobody was here: that says nothing about how fast cases leave
        self._empty_since_s = clock()
        self._on_change = on_change
        self._closed = False

    @property
    def waiting(self) -> int:
        """Cases that stand in the queue for a slot."""
        return self._queued

    def enter(self, *, beyond_limit: bool = False) -> "Ticket":
        """A place in the queue. Raises OverloadedError when it is full, ShuttingDownError after `close`.

        `beyond_limit` is for decisions accepted by an earlier process: they are not sent away a second time.
        """
        if self._closed:
            raise ShuttingDownError("the service is closing")
        if self._present >= self._limit and not beyond_limit:
            raise OverloadedError(f"{self._present} cases wait for a verdict", self.wait_s())
        if self._present == 0:
            self._idle_s += self._clock() - self._empty_since_s
        self._present += 1
        return Ticket(self)

    def close(self) -> None:
        """Let nobody in any more; tickets given out stay good."""
        self._closed = True

    def wait_s(self) -> float:
        """Seconds until the cases present now will have left, at the rate of the last ones; 1 to 60."""
        least, most = _WAIT_RANGE_S
        if not self._left_at:
            return least
        # Counted up to now: a queue that stands still makes the rate sink.
        span_s = max(self._busy_s() - self._left_at[0], 1e-3)
        return min(max(self._present * span_s / len(self._left_at), least), most)

    async def _take_slot(self) -> None:
        self._queued += 1
        try:
            await self._slots.acquire()
        finally:
            self._queued -= 1
            self._on_change()

    def _leave(self, *, served: bool) -> None:
        self._present -= 1
        if served:
            self._slots.release()
            self._left_at.append(self._busy_s())
        if self._present == 0:
            self._empty_since_s = self._clock()

    def _busy_s(self) -> float:
        """Seconds so far in which anybody was here; called only while somebody is (or just leaves)."""
        return self._clock() - self._idle_s


class Ticket:
    """A place in the queue. `slot` waits for a turn; `leave` gives all of it back, as often as you like."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._present = True
        self._working = False

    async def slot(self) -> None:
        """Wait for a slot; a cancelled wait holds none."""
        await self._admission._take_slot()  # noqa: SLF001  # one mechanism in two classes
        self._working = True

    def leave(self) -> None:
        """Give back the slot, if there is one, and the place."""
        if self._present:
            self._present = False
            self._admission._leave(served=self._working)  # noqa: SLF001
