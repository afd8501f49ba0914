"""The gateway as a whole: its parts, its running decisions, whether it is ready, and how it closes.

Takes: assembled parts. Gives: `Gateway`, the one object that the routes know. Does not: know HTTP.
"""

import asyncio
import logging
from dataclasses import dataclass

import anyio

from cases.errors import ConfigError, EngineError
from serving.engines.base import EngineState
from serving.lifecycle import Lifecycle, fault_place
from serving.parts import Parts
from serving.warm_up import warm_prompt

_log = logging.getLogger(__name__)
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether traffic is welcome, and a sentence why or why not."""

    ready: bool
    detail: str


class Gateway:
    """Owns the background work between start and close."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.lifecycle = Lifecycle(parts)
        self.closing = anyio.Event()
        self._drained = asyncio.Event()
        self.fatal: EngineError | ConfigError | None = None  # why the engine will never come up
        self._engine_ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take up unfinished decisions, and begin to wait for the engine."""
        await self.lifecycle.recover(self._engine_ready)
        self._tasks = [
            asyncio.create_task(self._watch_engine(), name="watch engine"),
            asyncio.create_task(self._drain_when_closing(), name="drain"),
        ]

    @property
    def warm(self) -> bool:
        """Whether the engine has been warmed up and has not gone since."""
        return self._engine_ready.is_set()

    async def readiness(self) -> Readiness:
        """Green only when the engine is warm and answers, and nobody asked to stop."""
        if self.closing.is_set():
            return Readiness(ready=False, detail="closing")
        if self.fatal is not None:
            return Readiness(ready=False, detail=str(self.fatal))
        health = await self.parts.engine.health()
        if not health.ready:
            return Readiness(ready=False, detail=f"engine {health.state.value}: {health.message}")
        if not self._engine_ready.is_set():
            return Readiness(ready=False, detail="the engine answers and is being warmed up")
        return Readiness(ready=True, detail="ready")

    async def drain(self) -> None:
        """Take no more work and end what runs; returns when every stream has its last event."""
        self.closing.set()
        await self._drained.wait()

    async def close(self) -> None:
        """Drain, then let go of engine and log. May be called twice."""
        if self._tasks:
            await self.drain()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self.parts.engine.close()
        finally:
            await self.parts.log.close()  # its thread would keep the process alive

    async def _drain_when_closing(self) -> None:
        await self.closing.wait()
        await self.lifecycle.drain(limit_s=self.parts.settings.drain_s)
        self._drained.set()

    async def _watch_engine(self) -> None:
        """Bring the engine up, warm it, and warm it again whenever it comes back."""
        try:
            await self.parts.unit.start()
        except (EngineError, ConfigError) as error:
            self.fatal = error
            return
        except Exception as error:  # noqa: BLE001  # a fault of ours: without an engine the service must end
            self.fatal = EngineError(f"the engine could not be started: {self._fault(error)}")
            return
        while True:
            try:
                await self._look_at_engine()
            except Exception as error:  # noqa: BLE001  # a fault of ours: the next look may go well
                self._fault(error)
            await asyncio.sleep(_POLL_S)

    async def _look_at_engine(self) -> None:
        health = await self.parts.engine.health()
        if health.state is EngineState.READY and not self._engine_ready.is_set():
            await self._warm()
        elif health.state is not EngineState.READY and self._engine_ready.is_set():
            _log.warning("engine %s: %s", health.state.value, health.message)
            self._engine_ready.clear()

    def _fault(self, error: Exception) -> str:
        """Count and log a fault of ours; gives its place."""
        place = fault_place(error)
        self.parts.metrics.internal_faults.labels("engine_watch").inc()
        _log.error("watching the engine failed: %s", place)
        return place

    async def _warm(self) -> None:
        try:
            await self.parts.engine.warm(warm_prompt(self.parts))
        except (EngineError, ConfigError) as error:
            _log.warning("the engine could not be warmed up: %s", error)
            return
        self._engine_ready.set()
        _log.info("the engine is warm")
