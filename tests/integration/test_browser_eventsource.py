"""README's snippet for browsers, word for word, in a real Chromium on the service's own origin."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cases.decision import Decision
from cases.verdict import Verdict
from serving.engines.scripted import CallKind, Gate, Say, Scenario, spoken
from tests.contract.running import Body, Service, until
from tests.integration.browser import opened_page, required_chromium
from tests.readme import the_block
from tests.scripted import StartScripted, model_papers, start_scripted

__all__ = ["model_papers", "start_scripted"]  # fixtures

WITHIN_S = 60.0
HALF, REST = (
    "['Chat - asked to cancel']</decision_factors>\n<reasoning>The seller asked ",
    "the buyer to cancel.</reasoning>",
)
PAGE = """<!doctype html><meta charset="utf-8"><title>snippet</title><script type="module">
const plainFetch = window.fetch.bind(window);
const report = what => plainFetch("/test/report", {method: "POST", body: JSON.stringify(what)});
window.addEventListener("error", e => report({fault: String(e.message)}));
window.addEventListener("unhandledrejection", e => report({fault: String(e.reason)}));
let text = "";
const theCase = __CASE__;
const showVerdict = verdict => report({verdict: verdict.verdict, score: verdict.score});
const append = delta => { text += delta; };
const showProblem = problem => report({problem: problem.title});
__BEFORE__
__SNIPPET__
const closed = () => stream.readyState === EventSource.CLOSED;
const end = e => report({ended: e.type, data: JSON.parse(e.data), text: text, closed: closed()});
stream.addEventListener("decision", end);
stream.addEventListener("problem", end);
</script>"""
WAIT_FOR_THE_END = """window.fetch = async (...asked) => {
  const answer = await plainFetch(...asked);
  const read = async () => (await (await plainFetch(answer.headers.get("Location"))).json()).status;
  while (await read() === "running");
  return answer;
};"""


class Site:
    """The service with one page more, and what the page reported. `cut_after`: events of its first stream, then cut."""

    def __init__(self, service: Service, page: str, cut_after: int | None = None) -> None:
        self.reports: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.last_event_ids: list[str | None] = []
        self._page = page
        self._cut_after = cut_after
        self._inner: ASGIApp = service.server.config.app  # type: ignore[assignment]
        routes = [
            Route("/test/page", self._show),
            Route("/test/report", self._report, methods=["POST"]),
            Mount("/", self._serve),
        ]
        self.app = Starlette(routes=routes)

    async def reported(self, name: str) -> dict[str, Any]:
        """The next report with this field; the test fails when the page reports a fault, or nothing for a minute."""
        async with asyncio.timeout(WITHIN_S):
            while name not in (report := await self.reports.get()):
                assert "fault" not in report, report
            return report

    async def _show(self, _: Request) -> Response:
        return HTMLResponse(self._page)

    async def _report(self, request: Request) -> Response:
        self.reports.put_nowait(json.loads(await request.body()))
        return Response(status_code=204)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The service itself; the first stream is cut where the test wants it, like a connection that breaks."""
        if not scope["path"].endswith("/events"):
            await self._inner(scope, receive, send)
            return
        headers = dict(scope["headers"])
        self.last_event_ids.append(
            headers[b"last-event-id"].decode() if b"last-event-id" in headers else None
        )
        left, self._cut_after = self._cut_after, None
        if left is None:
            await self._inner(scope, receive, send)
        else:
            await self._cut(scope, send, left)

    async def _cut(self, scope: Scope, send: Send, left: int) -> None:
        gone = asyncio.Event()

        async def counted(message: Message) -> None:
            nonlocal left
            if gone.is_set():
                return
            await send(message)
            left -= bytes(message.get("body", b"")).startswith(b"id: ")
            if left == 0:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                gone.set()

        async def disconnected() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        await self._inner(scope, disconnected, counted)


@asynccontextmanager
async def opened_site(site: Site) -> AsyncIterator[str]:
    """The site on 127.0.0.1; gives its address."""
    config = uvicorn.Config(
        site.app, port=0, lifespan="off", log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
def snippet(root: Path) -> str:
    """README's snippet; a browser to run it in is needed."""
    required_chromium()
    return the_block(root, "js", "EventSource")


@pytest.fixture
def golden_case(root: Path) -> Body:
    """A case of the repository, as README's reader has it at hand."""
    with (root / "eval" / "golden" / "dev.jsonl").open(encoding="utf-8") as lines:
        case: Body = json.loads(next(lines))
    case.pop("label")
    return case


def _page(snippet: str, case: Body, before: str = "") -> str:
    in_script = json.dumps(case).replace("<", "\\u003c")
    return PAGE.replace("__CASE__", in_script).replace("__BEFORE__", before).replace("__SNIPPET__", snippet)


def _half_told(gate: Gate) -> Scenario:
    return Scenario(explain={Verdict.INDUCED: (Say(HALF), gate, *spoken(REST))})


async def test_a_finished_stream_is_shown(
    start_scripted: StartScripted, snippet: str, golden_case: Body, tmp_path: Path
) -> None:
    """A decision that ended before the page listens is shown whole: verdict, every word, and the stream is closed."""
    service = await start_scripted()
    site = Site(service, _page(snippet, golden_case, before=WAIT_FOR_THE_END))
    async with opened_site(site) as url, opened_page(f"{url}/test/page", tmp_path / "profile"):
        verdict = await site.reported("verdict")
        ended = await site.reported("ended")
    assert verdict["verdict"] == "induced"
    assert (ended["ended"], ended["data"]["status"], ended["closed"]) == ("decision", "complete", True)
    assert ended["text"] == ended["data"]["reasoning"]
    assert len(site.last_event_ids) == 1
    assert len(service.engine.calls_of(CallKind.DECIDE)) == 1


async def test_a_running_stream_is_shown_as_it_comes(
    start_scripted: StartScripted, snippet: str, golden_case: Body, tmp_path: Path
) -> None:
    """The verdict is on the page while the reasoning is still being written; the rest follows when it is there."""
    gate = Gate(asyncio.Event())
    service = await start_scripted(_half_told(gate))
    site = Site(service, _page(snippet, golden_case))
    async with opened_site(site) as url, opened_page(f"{url}/test/page", tmp_path / "profile"):
        await site.reported("verdict")
        assert service.gateway.lifecycle.running == 1
        assert site.reports.empty()
        gate.event.set()
        ended = await site.reported("ended")
    decision = Decision.model_validate(ended["data"])
    assert (decision.status, ended["closed"]) == ("complete", True)
    assert ended["text"] == decision.reasoning == "The seller asked the buyer to cancel."


async def test_a_broken_stream_goes_on_by_itself(
    start_scripted: StartScripted, snippet: str, golden_case: Body, tmp_path: Path
) -> None:
    """A connection that breaks in the middle is taken up by the browser after the last event: none is seen twice."""
    gate = Gate(asyncio.Event())
    service = await start_scripted(_half_told(gate), sse_retry_ms=10)
    site = Site(service, _page(snippet, golden_case), cut_after=3)
    async with opened_site(site) as url, opened_page(f"{url}/test/page", tmp_path / "profile"):
        await site.reported("verdict")
        await until(lambda: len(site.last_event_ids) == 2)
        gate.event.set()
        ended = await site.reported("ended")
        assert site.reports.empty()  # above all no second verdict
    decision = Decision.model_validate(ended["data"])
    assert site.last_event_ids == [None, f"{decision.decision_id}:3"]
    assert ended["text"] == decision.reasoning == "The seller asked the buyer to cancel."
    assert len(service.engine.calls_of(CallKind.DECIDE)) == 1


async def test_a_failed_stream_shows_its_problem(
    start_scripted: StartScripted, snippet: str, golden_case: Body, tmp_path: Path
) -> None:
    """When the service has to stop, the page shows the problem and does not reconnect for ever."""
    gate = Gate(asyncio.Event())
    service = await start_scripted(_half_told(gate))
    site = Site(service, _page(snippet, golden_case))
    async with opened_site(site) as url, opened_page(f"{url}/test/page", tmp_path / "profile"):
        await site.reported("verdict")
        service.server.should_exit = True
        problem = await site.reported("problem")
        ended = await site.reported("ended")
    assert problem["problem"] == "The service is closing"
    assert (ended["ended"], ended["closed"]) == ("problem", True)
