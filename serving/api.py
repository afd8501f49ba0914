"""The routes.

Takes: HTTP requests. Gives: decisions as streams or JSON, problems for everything else.
Does not: decide, store or keep state.
"""

import re
from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from cases.decision import Decision
from cases.errors import NotFoundError, StoreError
from serving.api_schema import DECISION_ANSWERS, REQUEST_BODY, STREAM_ANSWERS
from serving.decision_log import Stored
from serving.events import event_number
from serving.gateway import Gateway
from serving.metrics import CONTENT_TYPE
from serving.problems import too_large
from serving.requests import MAX_BODY_BYTES, parse_request
from serving.runs import Run
from serving.stopwatch import Stopwatch
from serving.streams import EventStream, replay, snapshot_answer, whole_answer

router = APIRouter()
_RESPOND_ASYNC = re.compile(r"(?:^|,)\s*respond-async\s*(?:[,;]|$)", re.IGNORECASE)


@router.post("/v1/decisions", openapi_extra=REQUEST_BODY, responses=DECISION_ANSWERS, tags=["decisions"])
async def decide(request: Request) -> Response:
    """Decide one cancelled order: as a stream of events (`Accept: text/event-stream`), else as JSON.

    With `Prefer: respond-async` the answer is 202 at once; read `Location` or its `/events`.
    """
    gateway = _gateway(request)
    watch = Stopwatch()
    with watch.stage("read"):
        body = await _body(request)
    with watch.stage("parse"):
        settings = gateway.parts.settings
        asked = parse_request(body, markets=gateway.parts.markets, deadline_ms=settings.deadline_ms)
    asynchronous = bool(_RESPOND_ASYNC.search(", ".join(request.headers.getlist("prefer"))))
    run = await gateway.lifecycle.start(asked, body, asynchronous=asynchronous, watch=watch)
    if asynchronous:
        headers = {"Location": f"/v1/decisions/{run.id}", "Preference-Applied": "respond-async"}
        return snapshot_answer(run.shown, status=202, headers=headers)
    if "text/event-stream" in request.headers.get("accept", ""):
        return EventStream(run.follow(), settings, gateway.closing, run)
    return await whole_answer(request, run)


@router.get(
    "/v1/decisions/{decision_id}", response_model=Decision, responses=STREAM_ANSWERS, tags=["decisions"]
)
async def read_decision(request: Request, decision_id: str) -> Response:
    """The decision as it stands."""
    found = await _find(request, decision_id)
    return snapshot_answer(found.shown if isinstance(found, Run) else found.decision)


@router.get("/v1/decisions/{decision_id}/events", responses=STREAM_ANSWERS, tags=["decisions"])
async def read_events(request: Request, decision_id: str) -> Response:
    """The decision's stream, from after `Last-Event-ID` on, also while it runs.

    204 when nothing follows any more: that ends a browser's reconnecting.
    """
    gateway = _gateway(request)
    last_event_id = request.headers.get("last-event-id")
    found = await _find(request, decision_id)
    after = event_number(decision_id, last_event_id) if last_event_id else 0
    if isinstance(found, Run):
        return EventStream(found.follow(after), gateway.parts.settings, gateway.closing, found)
    if not found.events:
        raise StoreError("its end could not be stored; the next start of the service takes it up")
    if after >= found.events[-1].n:
        return Response(status_code=204)
    return EventStream(replay(found.events, after), gateway.parts.settings, gateway.closing)


@router.get("/healthz", tags=["service"])
async def healthz() -> JSONResponse:
    """Whether the process lives."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", tags=["service"])
async def readyz(request: Request) -> JSONResponse:
    """Whether traffic is welcome: 200, or 503 with the reason in `detail`."""
    found = await _gateway(request).readiness()
    return JSONResponse(
        {"ready": found.ready, "detail": found.detail}, status_code=200 if found.ready else 503
    )


@router.get("/metrics", tags=["service"])
async def metrics(request: Request) -> Response:
    """Prometheus metrics."""
    return Response(_gateway(request).parts.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/", include_in_schema=False)
async def root() -> RedirectResponse:
    """Until there is a console page."""
    return RedirectResponse("/docs")


def _gateway(request: Request) -> Gateway:
    return cast("Gateway", request.app.state.gateway)


async def _find(request: Request, decision_id: str) -> Run | Stored:
    """The decision where it runs in this process, else as stored; raises NotFoundError."""
    gateway = _gateway(request)
    found = gateway.lifecycle.get(decision_id) or await gateway.parts.log.read(decision_id)
    if found is None:
        raise NotFoundError("there is no decision of this id")
    return found


async def _body(request: Request) -> bytes:
    """The body; raises RefusedError (413) as soon as it is known to be over the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise too_large(MAX_BODY_BYTES)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise too_large(MAX_BODY_BYTES)
    return bytes(body)
