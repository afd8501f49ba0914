"""What a client gets from a good POST: order and ids of events, the JSON answer, the short circuit, the routes."""

import asyncio
import json
import math

import pytest

from cases.decision import Decision
from cases.stream import VerdictEvent
from cases.verdict import Verdict
from serving.engines.scripted import CallKind, Gate, Scenario
from tests.contract.conftest import StartService
from tests.contract.running import Body, Service, names

LOST = {
    Verdict.INDUCED: math.log(0.2),
    Verdict.NOT_INDUCED: math.log(0.05),
    Verdict.INCONCLUSIVE: math.log(0.05),
}


async def test_events_come_in_order_with_numbered_ids(service: Service, case: Body) -> None:
    """Verdict, factors, reasoning, decision: each numbered after the decision's id, from 1."""
    events = await service.events(case)
    assert names(events) == ["verdict", "factors", "reasoning", "decision"]
    decision = Decision.model_validate_json(events[-1].data)
    assert [event.id for event in events] == [
        f"{decision.decision_id}:{n}" for n in range(1, len(events) + 1)
    ]
    assert events[0].retry == 1000


async def test_the_verdict_event_holds_what_the_contract_names(service: Service, case: Body) -> None:
    """The verdict event has exactly the contract's fields, and agrees with the decision."""
    events = await service.events(case)
    verdict = json.loads(events[0].data)
    assert sorted(verdict) == sorted(
        [
            "decision_id",
            "case_id",
            "verdict",
            "score",
            "probabilities",
            "action",
            "route",
            "final",
            "elapsed_ms",
        ]
    )
    decision = json.loads(events[-1].data)
    shared = ("decision_id", "case_id", "verdict", "score", "probabilities", "action", "route")
    assert {name: verdict[name] for name in shared} == {name: decision[name] for name in shared}
    assert verdict["final"] is True


async def test_the_pieces_join_to_the_decision(service: Service, case: Body) -> None:
    """Factors and joined reasoning deltas are those of the final decision."""
    events = await service.events(case)
    decision = json.loads(events[-1].data)
    assert json.loads(events[1].data)["decision_factors"] == decision["decision_factors"]
    deltas = [json.loads(event.data)["delta"] for event in events if event.event == "reasoning"]
    assert "".join(deltas) == decision["reasoning"]
    assert len(deltas) > 1


async def test_without_the_header_the_answer_is_json(service: Service, case: Body) -> None:
    """A client that does not ask for a stream gets the whole decision."""
    decision = await service.decided(case)
    assert decision.status == "complete"
    assert decision.verdict == "induced"
    assert decision.action == "penalise"
    assert decision.degraded is False
    assert decision.tokens.generated > 2
    assert decision.versions.model == "tiny@abababababab"
    assert None not in {decision.versions.prompt, decision.versions.policy, decision.versions.features}


async def test_until_verdict_never_asks_for_an_explanation(service: Service, case: Body) -> None:
    """The short circuit at the verdict: one engine request, one token."""
    events = await service.events(case, until="verdict")
    assert names(events) == ["verdict", "decision"]
    decision = Decision.model_validate_json(events[-1].data)
    assert decision.status == "short_circuited"
    assert decision.reasoning is None
    assert decision.decision_factors is None
    assert decision.tokens.generated == 1
    assert service.engine.calls_of(CallKind.EXPLAIN) == []
    assert sum(call.tokens for call in service.engine.calls) == 1


async def test_until_factors_stops_the_engine_there(service: Service, case: Body) -> None:
    """The short circuit at the factors ends the explanation in the engine, and counts the saved tokens."""
    whole = await service.decided(case)
    events = await service.events(case, until="factors")
    assert names(events) == ["verdict", "factors", "decision"]
    decision = Decision.model_validate_json(events[-1].data)
    assert decision.status == "short_circuited"
    assert decision.decision_factors == whole.decision_factors
    assert decision.reasoning is None
    assert 1 < decision.tokens.generated < whole.tokens.generated
    assert decision.tokens.saved == whole.tokens.generated - decision.tokens.generated
    assert service.engine.running == 0


async def test_the_rules_route_asks_no_engine(service: Service, case: Body) -> None:
    """`route=rules` is answered by the rules, not degraded, and never penalised."""
    events = await service.events(case, route="rules")
    assert names(events) == ["verdict", "factors", "reasoning", "decision"]
    decision = Decision.model_validate_json(events[-1].data)
    assert (decision.route, decision.degraded, decision.action != "penalise") == ("rules", False, True)
    assert any("not calibrated" in warning for warning in decision.warnings)
    assert decision.versions.rules
    assert decision.versions.model is None
    assert service.engine.calls_of(CallKind.DECIDE) == []


async def test_without_a_calibration_nobody_is_penalised(service: Service, case: Body) -> None:
    """A market without a calibration is at most investigated, and the warnings say so."""
    decision = await service.decided({**case, "market": "BR"})
    assert decision.score is not None
    assert decision.score > 0.95
    assert decision.action == "investigate"
    assert any("not calibrated" in warning for warning in decision.warnings)


async def test_a_market_the_model_has_not_seen_is_told(service: Service, case: Body) -> None:
    """A model that was not trained on a market answers with a warning; on its own markets without."""
    told = [(await service.decided({**case, "market": market})).warnings for market in ("VN", "SG")]
    assert [any("not trained on market" in warning for warning in found) for found in told] == [True, False]


async def test_low_label_mass_is_inconclusive(start_service: StartService, case: Body) -> None:
    """A model that is lost gives inconclusive with a warning, whatever label it prefers."""
    service = await start_service(Scenario(logprobs=LOST))
    decision = await service.decided(case)
    assert decision.verdict == "inconclusive"
    assert decision.action != "penalise"
    assert any("model is lost" in warning for warning in decision.warnings)


async def test_what_lies_after_the_cancellation_is_told(service: Service, case: Body) -> None:
    """A message after the cancellation does not count, and the warnings say that there was one."""
    case["chat"].append({"at": "2025-03-05T09:00:00+08:00", "sender": "buyer", "text": "thx", "kind": "text"})
    assert (await service.decided(case)).warnings != ()


async def test_timings_name_the_stages(service: Service, case: Body) -> None:
    """A decision says where its time went."""
    timings = (await service.decided(case)).timings_ms
    stages = {
        "parse",
        "cutoff",
        "narrative",
        "render",
        "store_case",
        "queue",
        "decide",
        "store_verdict",
        "explain",
    }
    assert stages | {"to_verdict", "total"} <= timings.keys()


async def test_a_waiting_stream_is_pinged(start_service: StartService, case: Body) -> None:
    """While nothing happens comments keep the connection open."""
    gate = asyncio.Event()
    service = await start_service(Scenario(before_decide=(Gate(gate),)), sse_ping_s=0.01)
    headers, body = {"Accept": "text/event-stream"}, {"case": case}
    async with service.http.stream("POST", "/v1/decisions", json=body, headers=headers) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == ": ping"
        gate.set()
        rest = [line async for line in lines]
    assert "event: decision" in rest


async def test_a_running_decision_can_be_read(start_service: StartService, case: Body) -> None:
    """GET shows a decision that still runs, with what is known."""
    gate = asyncio.Event()
    service = await start_service(Scenario(explain={Verdict.INDUCED: (Gate(gate),)}))
    decision_id = await service.submit(case)
    await service.called(CallKind.EXPLAIN)
    running = await service.stored(decision_id)
    assert (running.status, running.verdict, running.reasoning) == ("running", "induced", None)
    gate.set()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_service_pages_answer(service: Service, path: str) -> None:
    """The pages beside the decisions are there; none of them asks the network for anything."""
    answer = await service.http.get(path)
    assert answer.status_code == 200
    assert "cdn" not in answer.text
    assert "<script" not in answer.text


async def test_the_root_leads_to_the_docs(service: Service) -> None:
    """Until there is a console page, `/` leads to `/docs`."""
    answer = await service.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


async def test_metrics_count_what_happened(service: Service, case: Body) -> None:
    """Time to verdict, generated and saved tokens and degraded answers can be read."""
    await service.decided(case)
    short = await service.decided(case, until="verdict")
    lines = (await service.http.get("/metrics")).text.splitlines()
    values = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line[0] != "#"}
    assert values['verdict_time_to_verdict_seconds_count{route="llm"}'] == 2
    assert values["verdict_tokens_generated_total"] == sum(call.tokens for call in service.engine.calls)
    assert values["verdict_tokens_saved_total"] == short.tokens.saved > 0
    assert values["verdict_queue_depth"] == values["verdict_explanations_in_flight"] == 0
    assert values["verdict_engine_restarts"] == 0


async def test_a_verdict_event_reads_as_its_model(service: Service, case: Body) -> None:
    """What the service writes is what the typed client reads."""
    events = await service.events(case)
    assert VerdictEvent.model_validate_json(events[0].data).verdict is Verdict.INDUCED
