"""The single-stream mode: the whole document in one request, cut where `until` says."""

import json

import pytest

from cases.decision import Decision
from cases.verdict import Verdict
from serving.engines.scripted import DIED, CallKind, Hang, Say, Scenario, spoken
from serving.settings import EngineMode
from tests.contract.conftest import StartService
from tests.contract.running import Body, names

MODE = EngineMode.SINGLE_STREAM
DOCUMENT = (
    "induced</verdict>\n<decision_factors>['Chat - asked to cancel']</decision_factors>\n"
    "<reasoning>The seller asked the buyer to cancel.</reasoning>"
)


async def test_one_request_gives_all_events(start_service: StartService, case: Body) -> None:
    """The same events in the same order as with two requests, from one."""
    service = await start_service(engine_mode=MODE)
    events = await service.events(case)
    assert names(events) == ["verdict", "factors", "reasoning", "decision"]
    assert [call.kind for call in service.engine.calls if call.kind != "warm"] == ["generate"]


async def test_nothing_measures_the_verdict(start_service: StartService, case: Body) -> None:
    """Without log-probabilities there is no score, and nobody is penalised."""
    service = await start_service(engine_mode=MODE)
    decision = await service.decided(case)
    assert (decision.verdict, decision.score, decision.probabilities) == ("induced", None, None)
    assert decision.action == "investigate"
    assert any("not calibrated" in warning for warning in decision.warnings)


async def test_a_slot_is_held_until_the_document_ends(start_service: StartService, case: Body) -> None:
    """A document that is still written counts against `decide_slots`: the next case waits outside the engine."""
    stuck = Scenario(generate=(Say(DOCUMENT[:25]), Hang()))
    service = await start_service(stuck, engine_mode=MODE, decide_slots=1)
    async with service.streamed(case) as events:
        await anext(events)
        decision = await service.decided(case, deadline_ms=10)
        assert (decision.route, decision.degraded_reason) == ("rules", "deadline")
        assert len(service.engine.calls_of(CallKind.GENERATE)) == 1
    await service.idle()
    service.engine.scenario = Scenario()
    assert (await service.decided(case)).route == "llm"


@pytest.mark.parametrize("until_", ["verdict", "factors"])
async def test_the_short_circuit_ends_the_request(
    start_service: StartService, case: Body, until_: str
) -> None:
    """The rest of the document is not generated."""
    service = await start_service(engine_mode=MODE)
    whole = await service.decided(case)
    decision = await service.decided(case, until=until_)
    assert decision.status == "short_circuited"
    cut = service.engine.calls_of(CallKind.GENERATE)[1]
    assert cut.ended
    assert cut.tokens == decision.tokens.generated < whole.tokens.generated
    assert decision.tokens.saved > 0


async def test_the_verdict_is_told_before_the_rest_is_written(
    start_service: StartService, case: Body
) -> None:
    """The verdict is committed at its closing tag, while the engine still writes."""
    service = await start_service(Scenario(generate=(*map(Say, DOCUMENT[:25]), Hang())), engine_mode=MODE)
    async with service.streamed(case) as events:
        verdict = await anext(events)
        assert json.loads(verdict.data)["verdict"] == "induced"
        assert service.engine.running == 1


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (spoken("guilty</verdict>"), "malformed_document"),
        (spoken("induced"), "malformed_document"),
        ((DIED,), "engine_unavailable"),
    ],
    ids=["another label", "no end", "died"],
)
async def test_no_verdict_falls_back(
    start_service: StartService, case: Body, steps: tuple[object, ...], reason: str
) -> None:
    """A document without a verdict is never guessed at: the rules answer, degraded."""
    service = await start_service(Scenario(generate=steps), engine_mode=MODE)  # type: ignore[arg-type]
    decision = await service.decided(case)
    assert (decision.route, decision.degraded_reason) == ("rules", reason)
    assert service.engine.running == 0
    counted = "verdict_malformed_documents_total{" in (await service.http.get("/metrics")).text
    assert counted == (reason == "malformed_document")


async def test_died_after_the_verdict(start_service: StartService, case: Body) -> None:
    """What breaks after the verdict leaves the verdict alone."""
    service = await start_service(Scenario(generate=(Say(DOCUMENT[:60]), DIED)), engine_mode=MODE)
    decision = await service.decided(case)
    assert (decision.verdict, decision.reasoning) == (Verdict.INDUCED, None)
    assert decision.degraded_reason == "explanation_engine_unavailable"


async def test_the_deadline_ends_the_request(start_service: StartService, case: Body) -> None:
    """A verdict that does not come in time is given by the rules, and the request is ended."""
    service = await start_service(Scenario(generate=(Hang(),)), engine_mode=MODE)
    decision = Decision.model_validate((await service.decide(case, deadline_ms=10)).json())
    assert (decision.route, decision.degraded_reason) == ("rules", "deadline")
    assert service.engine.running == 0
