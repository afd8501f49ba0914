"""Every row of the contract's error list that this service has: status, problem document, header."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator

import httpx
import pytest

from serving.engines.scripted import CallKind, Gate, Scenario
from serving.problems import MEDIA_TYPE
from serving.requests import MAX_BODY_BYTES
from tests.contract.conftest import StartService
from tests.contract.running import Body, Service, until


def _check(answer: httpx.Response, status: int, name: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:verdict:problem:{name}"
    assert problem["title"]
    assert problem["detail"]


def _pointers(answer: httpx.Response) -> set[str]:
    _check(answer, 422, "invalid")
    assert all(fault["detail"] for fault in answer.json()["errors"])
    return {fault["pointer"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"case": NaN}', b"\xff\xfe", b'{"a": "\\ud800"}', b"[" * 5000], ids=range(6)
)
async def test_what_is_not_json_is_400(service: Service, body: bytes) -> None:
    """Broken, empty, badly encoded and absurdly deep bodies are told apart from bad fields."""
    _check(await service.http.post("/v1/decisions", content=body), 400, "not-json")


async def test_a_missing_decision_is_404(service: Service) -> None:
    """An id that was never given is not found, as a decision and as a stream."""
    _check(await service.http.get("/v1/decisions/d-none"), 404, "not-found")
    _check(await service.http.get("/v1/decisions/d-none/events"), 404, "not-found")


async def test_other_paths_and_methods_are_problems_too(service: Service) -> None:
    """Unknown paths and wrong methods answer with a problem document as well."""
    _check(await service.http.get("/v2"), 404, "not-found")
    wrong = await service.http.put("/v1/decisions", json={})
    _check(wrong, 405, "method-not-allowed")
    assert wrong.headers["allow"] == "POST"


async def test_a_body_over_the_limit_is_413(service: Service) -> None:
    """The declared length is enough to refuse a body."""
    _check(await service.http.post("/v1/decisions", content=b" " * (MAX_BODY_BYTES + 1)), 413, "too-large")


async def test_a_body_of_unknown_length_over_the_limit_is_413(service: Service) -> None:
    """A body that comes in chunks is refused when it passes the limit."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * (MAX_BODY_BYTES // 16)

    _check(await service.http.post("/v1/decisions", content=chunks()), 413, "too-large")


async def test_a_body_at_the_limit_is_read(service: Service) -> None:
    """The limit itself is allowed: such a body is only refused for what it holds."""
    _check(await service.http.post("/v1/decisions", content=b" " * MAX_BODY_BYTES), 400, "not-json")


async def test_every_bad_field_is_named_at_once(service: Service, case: Body) -> None:
    """One answer points at every bad field of case, options and envelope."""
    case["market"] = "XX"
    case["order"]["placed_at"] = "yesterday"
    case["chat"][0]["sender"] = "robot"
    case["mood"] = "bad"
    options = {"until": "never", "few_shot": 99, "deadline_ms": 0, "tempo": 1}
    answer = await service.http.post("/v1/decisions", json={"case": case, "options": options, "x/y": 1})
    assert _pointers(answer) == {
        "/case/market",
        "/case/order/placed_at",
        "/case/chat/0/sender",
        "/case/mood",
        "/options/until",
        "/options/few_shot",
        "/options/deadline_ms",
        "/options/tempo",
        "/x~1y",
    }
    assert "yesterday" not in answer.text


@pytest.mark.parametrize("body", [[], "case", 1, None, {}, {"case": None}, {"case": []}], ids=str)
async def test_a_body_of_another_shape_is_422(service: Service, body: object) -> None:
    """JSON that is not a request is refused by pointer too."""
    assert len(_pointers(await service.http.post("/v1/decisions", content=json.dumps(body)))) == 1


async def test_a_field_that_stands_twice_is_422(service: Service, case: Body) -> None:
    """Of two values for one name neither is taken silently: the first may be the evidence."""
    body = json.dumps({"case": case}).replace('"chat":', '"chat": [], "chat":')
    answer = await service.http.post("/v1/decisions", content=body)
    assert answer.status_code == 422
    assert "twice" in answer.text


async def test_a_label_is_refused(service: Service, case: Body) -> None:
    """A label belongs into files; over HTTP it is a bad field."""
    case["label"] = {"verdict": "induced", "decision_factors": ["Chat - asked to cancel"]}
    assert _pointers(await service.decide(case)) == {"/case/label"}


@pytest.mark.parametrize(("option", "value"), [("few_shot", 1), ("reflect", True), ("route", "fusion")])
async def test_an_option_that_is_not_built_is_422(
    service: Service, case: Body, option: str, value: object
) -> None:
    """An option whose part is not there is refused, never ignored; nothing reaches the engine."""
    answer = await service.http.post("/v1/decisions", json={"case": case, "options": {option: value}})
    assert _pointers(answer) == {f"/options/{option}"}
    assert service.engine.calls_of(CallKind.DECIDE) == []


async def test_options_that_ask_for_nothing_are_accepted(service: Service, case: Body) -> None:
    """Zero exemplars, no second look and no deadline need no part."""
    decision = await service.decided(case, few_shot=0, reflect=False, deadline_ms=None, route="llm")
    assert decision.status == "complete"


async def test_a_full_queue_is_429_with_the_time_to_wait(start_service: StartService, case: Body) -> None:
    """When slots and queue are full the next case is sent away, and told when to come back."""
    gate = asyncio.Event()
    service = await start_service(Scenario(before_decide=(Gate(gate),)), decide_slots=1, queue_limit=1)
    first, second = await service.submit(case), await service.submit(case)
    refused = await service.decide(case)
    _check(refused, 429, "overloaded")
    assert int(refused.headers["retry-after"]) == refused.json()["retry_after_s"] >= 1
    gate.set()
    await service.idle()
    assert {(await service.stored(id_)).status for id_ in (first, second)} == {"complete"}
    assert (await service.decide(case)).status_code == 200


async def test_a_closing_service_is_503_with_the_time_to_wait(
    start_service: StartService, case: Body
) -> None:
    """While running decisions end, new ones are refused and `/readyz` is red."""
    gate = asyncio.Event()
    service = await start_service(Scenario(before_decide=(Gate(gate),)), drain_s=60)
    await service.submit(case)
    service.gateway.closing.set()
    async with asyncio.timeout(10):
        while (refused := await service.decide(case, deadline_ms=1)).status_code == 200:
            pass
    _check(refused, 503, "shutting-down")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await service.http.get("/readyz")).status_code == 503
    gate.set()


async def test_an_unwritable_log_is_503_with_the_time_to_wait(service: Service, case: Body) -> None:
    """A case that cannot be stored is not decided."""
    with sqlite3.connect(service.database) as connection:
        connection.execute("DROP TABLE decisions")
    connection.close()
    refused = await service.decide(case)
    _check(refused, 503, "not-stored")
    assert int(refused.headers["retry-after"]) >= 1
    assert service.engine.calls_of(CallKind.DECIDE) == []


async def test_an_unreadable_log_is_503_and_logged(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """A decision that cannot be read is no missing one, and the operator is told the cause."""
    with sqlite3.connect(service.database) as connection:
        connection.execute("DROP TABLE decisions")
    connection.close()
    _check(await service.http.get("/v1/decisions/d-1"), 503, "not-stored")
    assert "no such table" in caplog.text


async def test_a_client_that_leaves_within_its_request_is_no_fault(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a body and then silence is the client's affair: nothing is counted as a fault of the service."""
    tasks = service.server.server_state.tasks
    url = httpx.URL(service.server.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /v1/decisions HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{")
    await until(lambda: bool(tasks))
    writer.close()
    await until(lambda: not tasks)
    assert "failed" not in caplog.text
    assert "verdict_internal_faults_total{" not in (await service.http.get("/metrics")).text


async def test_a_foreign_last_event_id_is_422(service: Service, case: Body) -> None:
    """An id that is not one of this decision's events is refused by name."""
    decision = await service.decided(case)
    path = f"/v1/decisions/{decision.decision_id}/events"
    for sent in ("7", "d-other:1", f"{decision.decision_id}:x"):
        answer = await service.http.get(path, headers={"Last-Event-ID": sent})
        assert _pointers(answer) == {"/headers/Last-Event-ID"}
