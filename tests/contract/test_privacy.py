"""Case text stays out of logs and metrics, and torch out of the serving process."""

from pathlib import Path

import httpx
import pytest

from tests.contract.conftest import MakeSettings
from tests.contract.running import Body
from tests.contract.service_process import service_process

SECRET = "zebra-crossing-4711"
REASONING = "nothing in the chat speaks against it"  # of the scripted engine; a real one quotes the chat


async def _every_route(http: httpx.AsyncClient, case: Body) -> str:
    """Streams, JSON, replay, rules, short circuit and refusals; gives `/metrics`."""
    stream = {"Accept": "text/event-stream"}
    for options in ({}, {"until": "factors"}, {"route": "rules"}, {"deadline_ms": 1}):
        answer = await http.post("/v1/decisions", json={"case": case, "options": options}, headers=stream)
        assert "event: decision" in answer.text
    decision = (await http.post("/v1/decisions", json={"case": case})).json()
    await http.get(f"/v1/decisions/{decision['decision_id']}/events")
    bad = {**case, "order": {**case["order"], "value": SECRET}}
    assert SECRET not in (await http.post("/v1/decisions", json={"case": bad})).text
    assert (await http.post("/v1/decisions", content=f'{{"{SECRET}')).status_code == 400
    return (await http.get("/metrics")).text


@pytest.mark.parametrize("scenario", ["good", "broken"])
async def test_debug_logs_hold_no_case_text(make_settings: MakeSettings, case: Body, scenario: str) -> None:
    """With every logger at DEBUG a full run, good or failing, writes no chat text, id or note of a case."""
    case["chat"][0]["text"] = case["order"]["category"] = case["order"]["order_id"] = SECRET
    async with service_process(make_settings(log_level="debug"), scenario) as child:
        metrics = (
            await _every_route(child.http, case) if scenario == "good" else await _failing(child.http, case)
        )
        logs = await child.stop()
    assert "DEBUG" in logs
    assert SECRET not in logs
    assert REASONING not in logs
    assert SECRET not in metrics


async def _failing(http: httpx.AsyncClient, case: Body) -> str:
    answer = await http.post("/v1/decisions", json={"case": case})
    assert answer.status_code == 500
    assert SECRET not in answer.text
    return (await http.get("/metrics")).text


async def test_the_serving_process_holds_no_torch(make_settings: MakeSettings, case: Body) -> None:
    """After a case on every route no libtorch is mapped, and the process stays under 600 MB."""
    async with service_process(make_settings(), "good") as child:
        await _every_route(child.http, case)
        process = Path("/proc") / str(child.process.pid)
        maps, status = (process / "maps").read_text(), (process / "status").read_text()
    assert "libtorch" not in maps
    resident_kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    assert resident_kib < 600 * 1024
