"""Life and death of our own vLLM.

Takes: the demo model. Gives: failures. Does not touch the session's vLLM: what is killed here was started here.
"""

import os
import signal
from contextlib import aclosing
from pathlib import Path

import pytest

from cases.errors import EngineStartError, EngineUnavailable
from cases.verdict import Verdict
from prompts.tokenizer import PromptTokenizer
from serving.engines.base import EngineState
from serving.engines.engine_log import LoadPhase, LoadProgress
from serving.engines.supervised_vllm import SupervisedVllm
from serving.engines.vllm_command import VllmServerOptions
from serving.engines.vllm_process import VllmProcess
from serving.engines.wording import Wording
from tests.integration.conftest import Until
from tests.integration.process_watching import alive, children


@pytest.mark.engine
async def test_a_failed_start_tells_the_engines_own_last_line(tmp_path: Path) -> None:
    """A folder without a model: the error quotes vLLM's cause, no time-out is waited for, and nothing keeps running."""
    process = VllmProcess(VllmServerOptions(tmp_path / "no-model", tmp_path / "work"), lambda _: None)
    with pytest.raises(EngineStartError, match=r"exit status 1 while it started: .*no-model"):
        await process.start()
    assert process.pid is not None
    assert not alive(process.pid)


@pytest.mark.engine
@pytest.mark.timeout(900)  # two starts
async def test_a_killed_engine_is_noticed_and_started_again(
    model_dir: Path,
    tmp_path: Path,
    document_wording: Wording,
    prompt_tokenizer: PromptTokenizer,
    until: Until,
) -> None:
    """Kill -9 in the midst of an explanation: the stream fails, health says DOWN, then a new process answers."""
    seen: list[LoadProgress] = []
    engine = SupervisedVllm(
        VllmServerOptions(model_dir, tmp_path, max_num_seqs=4), document_wording, on_progress=seen.append
    )
    await engine.start()
    assert [progress.phase for progress in seen][-1] is LoadPhase.SERVER
    assert [progress.step for progress in seen] == sorted({progress.step for progress in seen})
    prompt = prompt_tokenizer.encode_text("The seller asked the buyer to cancel.\n<verdict>")
    first = engine.pid
    assert first is not None
    helpers = children(first)
    ids = [*prompt, *document_wording.explain_prefixes[Verdict.INDUCED]]
    async with aclosing(engine.explain(ids, Verdict.INDUCED, request_id="r")) as deltas:
        await anext(deltas)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(EngineUnavailable):
            async for _ in deltas:
                pass

    async def noticed() -> bool:
        return (await engine.health()).state is EngineState.DOWN

    async def answers_again() -> bool:
        return engine.restarts == 1 and (await engine.health()).ready

    await until(noticed)
    with pytest.raises(EngineUnavailable):
        await engine.decide(prompt, request_id="r")
    await until(answers_again, 600.0)
    assert engine.pid != first
    assert not any(map(alive, helpers))
    assert (await engine.decide(prompt, request_id="r")).prompt_tokens == len(prompt)
    await engine.close()
    assert (await engine.health()).state is EngineState.STOPPED
    assert engine.pid is not None
    assert not alive(engine.pid)
