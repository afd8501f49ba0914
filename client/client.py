"""An asynchronous client: one decision as JSON, as a stream of typed events, or asked for and read later.

Takes: a case as JSON-ready mapping, options of the contract. Gives: `Decision` or typed stream events.
Does not: read files, choose options, ask for the same decision twice, hold more than one connection pool.

    async with VerdictClient("http://127.0.0.1:8000") as client:
        async for event in client.stream(case, until="verdict"):
            ...
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self, TypedDict, Unpack

import httpx
from httpx_sse import EventSource

from cases.decision import Decision
from cases.stream import DecisionEvent, ProblemEvent, StreamEvent
from client.answers import Readiness, problem_in, read_event, read_json
from client.errors import ClientError, ConnectionBroken, ProblemError, ServiceUnreachable

LAST_EVENTS: Final = (DecisionEvent, ProblemEvent)
ASK_AGAIN: Final = frozenset({429, 503})
_NOT_REACHED: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
_FIRST_WAIT_S: Final = 0.5
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Method = Literal["GET", "POST"]
Wait = Callable[[float], Awaitable[None]]


class Options(TypedDict, total=False):
    """The contract's options; what is left out takes the service's default, `deadline_ms` None means no deadline."""

    until: str
    route: str
    few_shot: int
    reflect: bool
    deadline_ms: int | None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is tried after 429, 503 or a broken stream.

    A wait longer than `longest_wait_s`, asked for by `Retry-After`, is not begun: the refusal is raised instead.
    """

    attempts: int = 5
    longest_wait_s: float = 60.0

    def wait_s(self, attempt: int) -> float:
        """Seconds after the failed `attempt` (from 1) where nobody said how long: 0.5, 1, 2, ..."""
        return min(self.longest_wait_s, _FIRST_WAIT_S * 2.0 ** (attempt - 1))


@dataclass(slots=True)
class _Cursor:
    """Where a stream is read: the request that opens it, then the stored events after `last_id`."""

    method: Method
    path: str
    body: dict[str, Any] | None = None
    last_id: str = ""
    ended: bool = False

    def moved_to(self, event_id: str) -> None:
        """Go on after this event. From the first one on the stored decision is read: nothing is decided twice."""
        self.last_id = event_id
        self.method, self.body = "GET", None
        self.path = f"/v1/decisions/{event_id.rpartition(':')[0]}/events"

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the next request."""
        after = {"last-event-id": self.last_id} if self.last_id else {}
        return {"accept": "text/event-stream", **after}


class VerdictClient:
    """Talks to one service. Waits out 429 and 503 by their `Retry-After`, picks broken streams up again."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        timeout_s: float = 60.0,
        connections: int = 64,
        retries: Retries = Retries(),
        wait: Wait = asyncio.sleep,
    ) -> None:
        """`timeout_s`: the longest silence of the service within an answer; `wait`: how to let seconds pass."""
        self._retries = retries
        self._wait = wait
        try:
            url = httpx.URL(base_url)
            self._http = httpx.AsyncClient(
                base_url=url,
                trust_env=url.host not in _THIS_MACHINE,  # no proxy leads to this machine's own address
                timeout=httpx.Timeout(timeout_s, connect=5.0),
                limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            )
        except httpx.InvalidURL as error:
            raise ServiceUnreachable(f"{base_url!r} is not an address: {error}") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection pool."""
        await self._http.aclose()

    async def decide(self, case: Mapping[str, Any], **options: Unpack[Options]) -> Decision:
        """One decision, waited for. Raises ProblemError, ServiceUnreachable, ConnectionBroken, UnreadableAnswer."""
        response = await self._request("POST", "/v1/decisions", json={"case": case, "options": options})
        return read_json(DecisionEvent, response.content)

    async def submit(self, case: Mapping[str, Any], **options: Unpack[Options]) -> str:
        """Ask for a decision without waiting; gives its id. Read it with `get` or `follow`."""
        response = await self._request(
            "POST",
            "/v1/decisions",
            json={"case": case, "options": options},
            headers={"prefer": "respond-async"},
        )
        return read_json(DecisionEvent, response.content).decision_id

    async def get(self, decision_id: str) -> Decision:
        """A decision as it stands. Raises ProblemError with status 404 when there is none."""
        response = await self._request("GET", f"/v1/decisions/{decision_id}")
        return read_json(DecisionEvent, response.content)

    async def readiness(self) -> Readiness:
        """Whether the service is ready for cases, and why not. Raises ServiceUnreachable; never waits."""
        response = await self._send("GET", "/readyz")
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return read_json(Readiness, response.content)
        return Readiness(
            ready=True, detail="ready"
        )  # a proxy that does not pass the path on is no reason to stay away

    def stream(
        self, case: Mapping[str, Any], **options: Unpack[Options]
    ) -> AsyncGenerator[StreamEvent, None]:
        """The events of a new decision as they come.

        Raises ProblemError when the request is refused; a later failure is a `ProblemEvent` at the end. Raises
        ConnectionBroken when the connection fails before the first event, or again and again. Leaving the loop ends
        the work in the engine, at once where the generator is closed with `contextlib.aclosing`.
        """
        return self._resumed(_Cursor("POST", "/v1/decisions", {"case": case, "options": options}))

    def follow(self, decision_id: str, last_event_id: str = "") -> AsyncGenerator[StreamEvent, None]:
        """The events of a decision that is running or stored, after `last_event_id` if given.

        Nothing when that was the last one. Leaving the loop does not end a decision that was submitted.
        """
        return self._resumed(_Cursor("GET", f"/v1/decisions/{decision_id}/events", last_id=last_event_id))

    # --- one answer -----------------------------------------------------------------------------------

    async def _request(self, method: Method, path: str, **kwargs: Any) -> httpx.Response:
        """A good answer; raises the client's errors."""
        attempt = 1
        while True:
            try:
                response = await self._send(method, path, **kwargs)
                if response.is_success:
                    return response
                raise problem_in(response)
            except ClientError as error:
                await self._wait_or_raise(error, attempt, repeatable=method == "GET")
            attempt += 1

    async def _send(self, method: Method, path: str, **kwargs: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **kwargs)
        except httpx.RequestError as error:
            raise self._told(error) from error

    def _told(self, error: httpx.RequestError) -> ClientError:
        words = f"{str(error) or 'no reason given'} ({type(error).__name__})"
        if isinstance(error, _NOT_REACHED):
            return ServiceUnreachable(f"nothing answers at {self._http.base_url}: {words}")
        return ConnectionBroken(f"the answer broke off: {words}")

    async def _wait_or_raise(self, error: ClientError, attempt: int, *, repeatable: bool) -> None:
        """Return when it is time to try again; raise `error` where that is of no use, or might decide twice."""
        if attempt >= self._retries.attempts:
            raise error
        wait_s = self._retries.wait_s(attempt)
        match error:
            case ProblemError(problem=problem, retry_after_s=asked_s) if problem.status in ASK_AGAIN:
                wait_s = wait_s if asked_s is None else asked_s
            case ServiceUnreachable() | ConnectionBroken() if repeatable:
                pass
            case _:
                raise error
        if wait_s > self._retries.longest_wait_s:
            raise error
        await self._wait(wait_s)

    # --- one stream -----------------------------------------------------------------------------------

    async def _resumed(self, cursor: _Cursor) -> AsyncGenerator[StreamEvent, None]:
        """One stream, picked up where it stopped as often as it breaks; attempts count anew after every progress."""
        attempt, last_id = 1, cursor.last_id
        while True:
            try:
                async with aclosing(self._events(cursor)) as events:
                    async for event in events:
                        yield event
                if cursor.ended:
                    return
                raise ConnectionBroken("the stream ended before its last event")
            except ClientError as error:
                if cursor.last_id != last_id:
                    attempt, last_id = 1, cursor.last_id
                await self._wait_or_raise(error, attempt, repeatable=cursor.method == "GET")
            attempt += 1

    async def _events(self, cursor: _Cursor) -> AsyncGenerator[StreamEvent, None]:
        """The events of one connection; moves `cursor` with every one."""
        request = self._http.stream(cursor.method, cursor.path, json=cursor.body, headers=cursor.headers)
        try:
            async with request as response:
                if not response.is_success:
                    await response.aread()
                    raise problem_in(response)
                if response.status_code == httpx.codes.NO_CONTENT:
                    cursor.ended = True
                    return
                async for sse in EventSource(response).aiter_sse():
                    event = read_event(sse)
                    if sse.id:
                        cursor.moved_to(sse.id)
                    cursor.ended = isinstance(event, LAST_EVENTS)
                    if event is not None:
                        yield event
                    if cursor.ended:
                        return
        except httpx.RequestError as error:
            raise self._told(error) from error
