"""A real service on 127.0.0.1 with the scripted engine, and what a test asks of it.

Takes: settings and a scripted engine. Gives: a `Service` to talk to over HTTP.
Does not: replace any part but the engine.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from cases.decision import Decision
from cases.verdict import Verdict
from serving.engine_unit import EngineUnit
from serving.engines.base import EngineState
from serving.engines.scripted import CallKind, Scenario, ScriptedEngine, Step, explanation_text
from serving.gateway import Gateway
from serving.server import VerdictServer, opened_server
from serving.settings import Settings

Body = dict[str, Any]
Events = AsyncIterator[ServerSentEvent]
TEXT = explanation_text(Verdict.INDUCED)
HALF = TEXT[: TEXT.index("plainly")]
"""An explanation up to the middle of its reasoning."""


@dataclass(slots=True)
class Service:
    """A running service: its address, a client to it, its engine and its inside (for what HTTP does not show)."""

    server: VerdictServer
    engine: ScriptedEngine
    http: httpx.AsyncClient

    @property
    def gateway(self) -> Gateway:
        """The gateway."""
        return self.server.gateway

    @property
    def database(self) -> Path:
        """The decision log's file."""
        return self.gateway.parts.settings.database

    async def decide(self, case: Body, /, prefer: str = "", **options: Any) -> httpx.Response:
        """POST a case, with a JSON answer."""
        headers = {"Prefer": prefer} if prefer else {}
        return await self.http.post("/v1/decisions", json={"case": case, "options": options}, headers=headers)

    async def decided(self, case: Body, **options: Any) -> Decision:
        """POST a case, and the decision of a good answer."""
        answer = await self.decide(case, **options)
        assert answer.status_code == 200, answer.text
        return Decision.model_validate_json(answer.content)

    async def submit(self, case: Body, **options: Any) -> str:
        """POST a case asynchronously; the decision's id."""
        answer = await self.decide(case, "respond-async", **options)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["decision_id"])

    async def stored(self, decision_id: str) -> Decision:
        """GET a decision."""
        answer = await self.http.get(f"/v1/decisions/{decision_id}")
        return Decision.model_validate_json(answer.content)

    @asynccontextmanager
    async def streamed(self, case: Body, **options: Any) -> AsyncIterator[Events]:
        """POST a case and read its events."""
        body = {"case": case, "options": options}
        async with aconnect_sse(self.http, "POST", "/v1/decisions", json=body) as source:
            assert source.response.status_code == 200
            yield source.aiter_sse()

    async def events(self, case: Body, **options: Any) -> list[ServerSentEvent]:
        """All events of a POST."""
        async with self.streamed(case, **options) as events:
            return [event async for event in events]

    @asynccontextmanager
    async def followed(self, decision_id: str, last_event_id: str = "") -> AsyncIterator[Events]:
        """The events of a decision by GET."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        path = f"/v1/decisions/{decision_id}/events"
        async with aconnect_sse(self.http, "GET", path, headers=headers) as source:
            assert source.response.status_code == 200
            yield source.aiter_sse()

    async def replayed(self, decision_id: str, last_event_id: str = "") -> list[ServerSentEvent]:
        """All events of a GET."""
        async with self.followed(decision_id, last_event_id) as events:
            return [event async for event in events]

    async def called(self, kind: CallKind, times: int = 1) -> None:
        """Wait until the engine has been called that often."""
        await until(lambda: len(self.engine.calls_of(kind)) >= times)

    async def idle(self) -> None:
        """Wait until no decision runs."""
        await until(lambda: self.gateway.lifecycle.running == 0)

    def row(self, decision_id: str) -> sqlite3.Row:
        """The decision's row as another process sees it on disk."""
        with sqlite3.connect(self.database) as connection:
            connection.row_factory = sqlite3.Row
            query = "SELECT * FROM decisions WHERE decision_id = ?"
            row: sqlite3.Row = connection.execute(query, (decision_id,)).fetchone()
        connection.close()
        return row


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop turn until `holds`; the test's own time limit ends it when it never does."""
    while not holds():  # noqa: ASYNC110  # there is no event to wait for: it asks about the inside of the service
        await asyncio.sleep(0.001)  # gives way to the service, which shares the loop


@asynccontextmanager
async def running_service(settings: Settings, engine: ScriptedEngine) -> AsyncIterator[Service]:
    """A service that listens and is warm (if its engine is ready), until the block ends."""
    async with opened_server(settings, lambda _: EngineUnit(engine)) as server:
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        async with httpx.AsyncClient(base_url=server.url, timeout=20.0) as http:
            if engine.state is EngineState.READY:
                await until(lambda: server.gateway.warm)
            try:
                yield Service(server, engine, http)
            finally:
                server.should_exit = True
                await serving


def names(events: list[ServerSentEvent]) -> list[str]:
    """Names of the events, repeats in a row once."""
    found = [event.event for event in events]
    return [name for i, name in enumerate(found) if i == 0 or found[i - 1] != name]


def explaining(*steps: Step) -> Scenario:
    """An engine that is sure of `induced` and explains it in these steps."""
    return Scenario(explain={Verdict.INDUCED: steps})


def last_data(events: list[ServerSentEvent]) -> dict[str, Any]:
    """The data of the last event."""
    found: dict[str, Any] = json.loads(events[-1].data)
    return found
