"""A run or a stored decision as an HTTP answer: a stream of events, or one JSON document.

Takes: a run, or stored events. Gives: responses that end with a last event and notice a client that goes away.
Does not: decide how a run ends.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cases.decision import Decision
from serving.events import Event, EventName
from serving.problems import Problem, problem_response
from serving.runs import Run
from serving.settings import Settings

_LINE_END = "\n"
_log = logging.getLogger(__name__)


class EventStream(EventSourceResponse):
    """Events over SSE. While it lasts, its client counts as a follower of `run`."""

    def __init__(
        self, events: AsyncIterator[Event], settings: Settings, closing: anyio.Event, run: Run | None = None
    ) -> None:
        super().__init__(
            _framed(events, settings.sse_retry_ms),
            sep=_LINE_END,
            ping=settings.sse_ping_s,
            ping_message_factory=lambda: ServerSentEvent(comment="ping", sep=_LINE_END),
            send_timeout=settings.sse_send_timeout_s,
            shutdown_event=closing,
            shutdown_grace_period=settings.stream_grace_s,
        )
        self._run = run
        if run is not None:
            run.join()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream; however it ends, the run hears that its client is gone."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("a client did not read for too long; its stream was closed")
        finally:
            if self._run is not None:
                self._run.leave()


async def replay(events: Sequence[Event], after: int) -> AsyncIterator[Event]:
    """Stored events with a number above `after`."""
    for event in events:
        if event.n > after:
            yield event


async def whole_answer(request: Request, run: Run) -> Response:
    """Wait for the end of `run` and answer with it; a client that goes away meanwhile counts as gone."""
    run.join()
    try:
        ended = asyncio.ensure_future(run.until_ended())
        gone = asyncio.ensure_future(_until_gone(request))
        try:
            await asyncio.wait([ended, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            ended.cancel()
        if not run.ended:
            return Response(status_code=499)  # nobody reads it
    finally:
        run.leave()
    return last_event_answer(run.events[-1])


def last_event_answer(last: Event) -> Response:
    """The JSON answer of a run that has ended with `last`."""
    if last.name is EventName.PROBLEM:
        return problem_response(Problem.model_validate_json(last.data))
    return Response(last.data, media_type="application/json")


def snapshot_answer(
    decision: Decision, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """The decision as it stands."""
    return Response(
        decision.model_dump_json(), status_code=status, media_type="application/json", headers=headers
    )


async def _framed(events: AsyncIterator[Event], retry_ms: int) -> AsyncIterator[ServerSentEvent]:
    """SSE frames; the first one also says when to reconnect."""
    retry: int | None = retry_ms
    async for event in events:
        yield ServerSentEvent(event.data, event=event.name.value, id=event.id, retry=retry, sep=_LINE_END)
        retry = None


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
