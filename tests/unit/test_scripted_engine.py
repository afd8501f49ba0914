"""The scripted engine: what it replays, and that it knows when its caller left.

Takes: scenarios. Gives: failures. Does not start vLLM.
"""

import asyncio
from contextlib import aclosing

import pytest

from cases.errors import EngineError, EngineTimeout, EngineUnavailable
from cases.verdict import VERDICTS, Verdict
from serving.engines.base import Delta, Engine, EngineState, FinishReason
from serving.engines.scripted import (
    DIED,
    REFUSED,
    SILENT,
    CallKind,
    Fail,
    Finish,
    Gate,
    Hang,
    Say,
    Scenario,
    ScriptedEngine,
    Step,
    explanation_text,
    spoken,
)

IDS = [1, 2, 3]


async def _explained(engine: ScriptedEngine, verdict: Verdict = Verdict.INDUCED) -> list[Delta]:
    async with aclosing(engine.explain(IDS, verdict, request_id="r")) as deltas:
        return [delta async for delta in deltas]


async def test_it_is_an_engine() -> None:
    """The double has every method of the protocol, and a decide gives the three labels and one token."""
    engine: Engine = ScriptedEngine()
    answer = await engine.decide(IDS, request_id="r")
    assert set(answer.logprobs) == set(VERDICTS)
    assert answer.prompt_tokens == len(IDS)
    assert 0.9 < answer.label_mass <= 1.0
    await engine.warm(IDS)
    assert (await engine.health()).ready
    await engine.close()
    assert (await engine.health()).state is EngineState.STOPPED


@pytest.mark.parametrize("verdict", VERDICTS)
async def test_explanations_come_word_by_word_with_their_tokens(verdict: Verdict) -> None:
    """The deltas join to the scripted text; the last one carries the reason and the sum of the tokens."""
    deltas = await _explained(ScriptedEngine(), verdict)
    assert "".join(delta.text for delta in deltas) == explanation_text(verdict)
    assert deltas[-1].finish_reason is FinishReason.STOP
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.completion_tokens == sum(delta.tokens for delta in deltas) == len(deltas)


async def test_a_whole_document_starts_with_the_likeliest_label() -> None:
    """Without a script of its own, `generate` writes the document of the label with the highest log-probability."""
    engine = ScriptedEngine(
        Scenario({Verdict.INDUCED: -3.0, Verdict.NOT_INDUCED: -0.1, Verdict.INCONCLUSIVE: -4.0})
    )
    stream = engine.generate(IDS, temperature=0.0, seed=None, request_id="r")
    async with aclosing(stream) as deltas:
        text = "".join([delta.text async for delta in deltas])
    assert text.startswith("not_induced</verdict>\n<decision_factors>['Buyer - changed mind']")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (REFUSED, EngineUnavailable),
        (DIED, EngineUnavailable),
        (SILENT, EngineTimeout),
        (Fail(EngineError), EngineError),
    ],
)
async def test_faults_come_where_the_script_puts_them(fault: Fail, kind: type[EngineError]) -> None:
    """What was said before the fault has reached the caller; the fault is raised as scripted, on both calls."""
    engine = ScriptedEngine(Scenario(before_decide=(fault,), explain={Verdict.INDUCED: (Say("half"), fault)}))
    with pytest.raises(kind):
        await engine.decide(IDS, request_id="r")
    async with aclosing(engine.explain(IDS, Verdict.INDUCED, request_id="r")) as deltas:
        assert (await anext(deltas)).text == "half"
        with pytest.raises(kind):
            await anext(deltas)
    assert engine.running == 0


async def test_a_caller_who_leaves_ends_the_request() -> None:
    """Cancelling a hanging decide and closing a stream half-way both end the work, and the record shows it."""
    hang: tuple[Step, ...] = (Say("a"), Say("b"), Hang())
    engine = ScriptedEngine(Scenario(before_decide=(Hang(),), explain={Verdict.INDUCED: hang}))
    task = asyncio.create_task(engine.decide(IDS, request_id="r"))
    await asyncio.sleep(0)  # one turn of the loop: the request has begun
    assert engine.running == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.running == 0

    async with aclosing(engine.explain(IDS, Verdict.INDUCED, request_id="r")) as deltas:
        assert (await anext(deltas)).text == "a"
        assert engine.running == 1
    assert engine.running == 0
    assert [call.tokens for call in engine.calls_of(CallKind.EXPLAIN)] == [1]


async def test_a_gate_holds_a_request_until_the_test_opens_it() -> None:
    """A decide at a gate stays there, and goes on once the event is set."""
    opened = asyncio.Event()
    engine = ScriptedEngine(Scenario(before_decide=(Gate(opened),)))
    task = asyncio.create_task(engine.decide(IDS, request_id="r"))
    await asyncio.sleep(0)  # one turn of the loop: the request has begun
    assert engine.running == 1
    opened.set()
    assert (await task).logprobs[Verdict.INDUCED] > -0.1


def test_spoken_text_keeps_every_character() -> None:
    """Cutting a text into words loses nothing, and ends with the end of the turn."""
    text = "a  b\n c "
    steps = spoken(text)
    assert "".join(step.text for step in steps if isinstance(step, Say)) == text
    assert steps[-1] == Finish()
