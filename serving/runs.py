"""A decision while it runs: its events so far, who follows it, and when nobody does any more.

Takes: events as the pipeline finds them. Gives: the same numbered stream to every follower, from any number on.
Does not: decide, store, or choose how a stream ends (`serving.lifecycle` does).
"""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any

from cases.decision import Decision
from cases.stream import VerdictEvent
from serving.events import ATTEMPT_STRIDE, Event, EventData


class CutReason(StrEnum):
    """Why a run is ended before its end."""

    CLIENT_GONE = "client_gone"
    SHUTDOWN = "shutdown"


class Run:
    """One running decision. All of it happens on one event loop."""

    def __init__(self, decision: Decision, *, asynchronous: bool, attempt: int = 0) -> None:
        self.decision = decision
        self.shown = decision  # what a reader may see: no verdict in it that is not on disk yet
        self.asynchronous = asynchronous
        self.events: list[Event] = []
        self.held_verdict: VerdictEvent | None = None  # to be stored and told together with the end
        self.cut_reason: CutReason | None = None
        self._first_n = attempt * ATTEMPT_STRIDE + 1
        self._changed = asyncio.Event()
        self._followers = 0
        self._ending = False
        self._ended = False
        self.task: asyncio.Task[None] | None = None  # set by whoever starts the work

    @property
    def id(self) -> str:
        """The decision's id."""
        return self.decision.decision_id

    @property
    def ended(self) -> bool:
        """Whether the last event is out."""
        return self._ended

    def note(self, **changes: Any) -> Decision:
        """Put `changes` into the newest snapshot of the decision, and give it."""
        self.decision = self.decision.model_copy(update=changes)
        return self.decision

    def numbered(self, *data: EventData) -> list[Event]:
        """The events that would come next, not yet published."""
        next_n = self._first_n + len(self.events)
        return [Event.of(self.id, next_n + position, part) for position, part in enumerate(data)]

    def publish(self, event: Event) -> None:
        """Show `event`, which is stored where it has to be, to every follower; the last event ends the run."""
        self.events.append(event)
        self.shown = self.decision
        self._ended = event.last
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def tell(self, data: EventData) -> None:
        """Number and publish in one go."""
        for event in self.numbered(data):
            self.publish(event)

    def tell_unstored(self, data: EventData) -> None:
        """Publish a last event that no log will hold, under a number that no attempt gives to another event.

        A run that has told nothing may begin again under the numbers it has now: its farewell stands before them.
        """
        n = self._first_n + len(self.events) if self.events else self._first_n - 1
        self.publish(Event.of(self.id, n, data))

    def last_words(self, data: EventData) -> list[Event]:
        """The events that end the run, a held verdict first; from now on it cannot be cut."""
        self._ending = True
        held = [] if self.held_verdict is None else [self.held_verdict]
        return self.numbered(*held, data)

    def cut(self, reason: CutReason) -> None:
        """Cancel the work; the first reason stands, and a run that is at its end gets there."""
        if self.cut_reason is None and not self._ending and self.task is not None:
            self.cut_reason = reason
            self.task.cancel()

    def join(self) -> None:
        """A client follows from now on; pair with `leave`."""
        self._followers += 1

    def leave(self) -> None:
        """A client is gone. Without any, work goes on only for a decision that was asked for asynchronously."""
        self._followers -= 1
        if self._followers == 0 and not self.asynchronous:
            self.cut(CutReason.CLIENT_GONE)

    async def follow(self, after: int = 0) -> AsyncIterator[Event]:
        """Events with a number above `after`, those to come included, up to the last one."""
        position = 0
        while True:
            changed = self._changed
            while position < len(self.events):
                event = self.events[position]
                position += 1
                if event.n > after:
                    yield event
            if self._ended:
                return
            await changed.wait()

    async def until_ended(self) -> Event:
        """Wait for the last event, and give it."""
        while not self._ended:
            await self._changed.wait()
        return self.events[-1]
