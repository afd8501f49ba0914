"""The engine as the gateway uses it, on a real vLLM.

Takes: the session's vLLM. Gives: failures. Does not kill it (`test_vllm_process`).
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cases.errors import ConfigError, EngineUnavailable
from cases.verdict import VERDICTS, Verdict
from prompts.parser import DocumentComplete, DocumentParser
from prompts.tokenizer import PromptTokenizer
from serving.engines.base import Delta, FinishReason
from serving.engines.vllm import VllmEngine, VllmOptions
from serving.engines.vllm_command import VllmServerOptions
from serving.engines.wording import Wording
from tests.integration.conftest import Until

# The first of them waits for the engine to load, which takes minutes where other work runs.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

CASE = "market SG; late 30 h; -20.0h seller: pls cancel dear no stock; -19.5h buyer: ok; cancelled now\n<verdict>"
# bfloat16 keeps 8 bits: two programs that add in another order differ by about this much in a logit.
LOGPROB_TOLERANCE = 0.15


@pytest.fixture(scope="session")
def prompt_ids(prompt_tokenizer: PromptTokenizer) -> list[int]:
    """A prompt of a few cache blocks that ends as every decide prompt does."""
    filler = "The seller asked the buyer to cancel. " * 40
    return [prompt_tokenizer.special_id("<|begin_of_text|>"), *prompt_tokenizer.encode_text(filler + CASE)]


async def _all(stream: AsyncGenerator[Delta, None]) -> list[Delta]:
    async with aclosing(stream) as deltas:
        return [delta async for delta in deltas]


async def _metric(url: str, name: str) -> float:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        text = (await client.get("/metrics")).text
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def _reference_logprobs(model_dir: Path, ids: list[int], tokens: list[int]) -> list[float]:
    # In a process of its own, so that torch never enters the one that tests the gateway.
    script = Path(__file__).with_name("reference_forward.py")
    question = json.dumps({"model_dir": str(model_dir), "ids": ids, "tokens": tokens})
    answer = subprocess.run(
        [sys.executable, str(script)], input=question, capture_output=True, text=True, check=True
    )
    return [float(value) for value in json.loads(answer.stdout)]


async def test_decide_gives_the_models_own_logprobs(
    vllm: VllmEngine, model_dir: Path, document_wording: Wording, prompt_ids: list[int]
) -> None:
    """Exactly three log-probabilities come back, equal to those of transformers within bfloat16."""
    answer = await vllm.decide(prompt_ids, request_id="t-decide")
    tokens = [document_wording.label_tokens[verdict] for verdict in VERDICTS]
    expected = _reference_logprobs(model_dir, prompt_ids, tokens)
    assert list(answer.logprobs) == list(VERDICTS)
    assert [answer.logprobs[verdict] for verdict in VERDICTS] == pytest.approx(
        expected, abs=LOGPROB_TOLERANCE
    )
    assert answer.prompt_tokens == len(prompt_ids)


async def test_decide_generates_one_token_and_finds_the_cached_prompt(
    vllm: VllmEngine, vllm_url: str, prompt_ids: list[int]
) -> None:
    """By vLLM's own counter a decide costs one token; asked again, whole blocks come from the prefix cache."""
    await vllm.decide(prompt_ids, request_id="t-first")
    before = await _metric(vllm_url, "vllm:generation_tokens_total")
    again = await vllm.decide(prompt_ids, request_id="t-again")
    assert await _metric(vllm_url, "vllm:generation_tokens_total") - before == 1
    assert 0 < again.cached_tokens < len(prompt_ids)


@pytest.mark.parametrize("verdict", VERDICTS)
async def test_an_explanation_obeys_its_grammar(
    vllm: VllmEngine, document_wording: Wording, prompt_ids: list[int], verdict: Verdict
) -> None:
    """Whatever the model would like to write, what comes parses as an explanation of this verdict, with its counts."""
    ids = [*prompt_ids, *document_wording.explain_prefixes[verdict]]
    deltas = await _all(vllm.explain(ids, verdict, request_id="t-explain"))
    parser = DocumentParser.for_explanation(verdict)
    findings = [*parser.feed("".join(delta.text for delta in deltas)), *parser.finish()]
    assert isinstance(findings[-1], DocumentComplete)
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens == len(ids)
    assert usage.completion_tokens == sum(delta.tokens for delta in deltas)
    assert deltas[-1].finish_reason is FinishReason.STOP


async def test_a_whole_document_comes_in_one_stream(vllm: VllmEngine, prompt_ids: list[int]) -> None:
    """Single-stream mode: the text after the prompt's `<verdict>` is a document."""
    stream = vllm.generate(prompt_ids, temperature=0.0, seed=None, request_id="t-generate")
    parser = DocumentParser()
    findings = [*parser.feed("".join(delta.text for delta in await _all(stream))), *parser.finish()]
    assert isinstance(findings[-1], DocumentComplete)


async def test_a_seed_repeats_a_sampled_document(vllm: VllmEngine, prompt_ids: list[int]) -> None:
    """The same seed and temperature start the same text twice, with and without the grammar."""

    async def start_of_text(*, constrained: bool) -> str:
        stream = vllm.generate(
            prompt_ids, temperature=0.9, seed=7, request_id="t-seed", constrained=constrained
        )
        text, tokens = "", 0
        async with aclosing(stream) as deltas:
            while tokens < 12:
                delta = await anext(deltas)
                text, tokens = text + delta.text, tokens + delta.tokens
        return text

    for constrained in (True, False):
        # A delta holds several tokens when we read late, so one start may be longer than the other.
        shorter, longer = sorted([await start_of_text(constrained=constrained) for _ in range(2)], key=len)
        assert shorter
        assert longer.startswith(shorter)


async def test_leaving_a_stream_frees_the_engine(
    vllm: VllmEngine, vllm_url: str, document_wording: Wording, prompt_ids: list[int], until: Until
) -> None:
    """Closing an explanation after its first delta, and cancelling a decide, leave nothing running in vLLM."""
    ids = [*prompt_ids, *document_wording.explain_prefixes[Verdict.INDUCED]]
    async with aclosing(vllm.explain(ids, Verdict.INDUCED, request_id="t-leave")) as deltas:
        await anext(deltas)
        assert await _metric(vllm_url, "vllm:num_requests_running") == 1
    deciding = asyncio.create_task(vllm.decide(prompt_ids, request_id="t-cancel"))
    await asyncio.sleep(0)
    deciding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deciding

    async def nothing_runs() -> bool:
        return await _metric(vllm_url, "vllm:num_requests_running") == 0

    await until(nothing_runs)


async def test_warming_up_sends_one_request_of_each_kind(
    vllm: VllmEngine, vllm_url: str, prompt_ids: list[int], until: Until
) -> None:
    """A warm-up leaves the engine idle, with the prompt in its prefix cache."""
    await vllm.warm(prompt_ids)

    async def nothing_runs() -> bool:
        return await _metric(vllm_url, "vllm:num_requests_running") == 0

    await until(nothing_runs)
    assert (await vllm.decide(prompt_ids, request_id="t-warm")).cached_tokens > 0


async def test_an_engine_with_another_tokenizer_or_model_is_refused(
    vllm: VllmEngine, vllm_url: str, vllm_server: VllmServerOptions, document_wording: Wording
) -> None:
    """The start-up check passes for the right engine, and names what is wrong with another one."""
    length = vllm_server.max_model_len_tokens
    await vllm.check_labels(needed_length_tokens=length)
    with pytest.raises(ConfigError, match="3072 tokens a request"):
        await vllm.check_labels(needed_length_tokens=length + 1)
    shifted = {verdict: token + 1 for verdict, token in document_wording.label_tokens.items()}
    for name, words in (
        ("absent", document_wording),
        (vllm_server.model_name, replace(document_wording, label_tokens=shifted)),
    ):
        other = VllmEngine(VllmOptions(vllm_url, name), words)
        with pytest.raises(ConfigError, match=r"does not serve 'absent'|tokenizer is another one"):
            await other.check_labels(needed_length_tokens=length)
        await other.close()


async def test_a_refused_request_quotes_no_prompt(
    vllm: VllmEngine, vllm_server: VllmServerOptions, prompt_ids: list[int]
) -> None:
    """A prompt over the context is refused as an engine error with the status only; the log holds no ids."""
    too_long = prompt_ids * (vllm_server.max_model_len_tokens // len(prompt_ids) + 1)
    with pytest.raises(EngineUnavailable, match=r"^the engine answered 4\d\d$"):
        await vllm.decide(too_long, request_id="t-long")
    log = vllm_server.log_file.read_text(encoding="utf-8")
    assert ", ".join(map(str, prompt_ids[:8])) not in log
    assert "pls cancel dear" not in log


async def test_nobody_at_the_address_is_unavailable_at_once(document_wording: Wording) -> None:
    """A refused connection is an EngineUnavailable for both kinds of call, and health says DOWN."""
    engine = VllmEngine(VllmOptions("http://127.0.0.1:9", "verdict"), document_wording)
    with pytest.raises(EngineUnavailable):
        await engine.decide([1], request_id="r")
    with pytest.raises(EngineUnavailable):
        await _all(engine.explain([1], Verdict.INDUCED, request_id="r"))
    assert not (await engine.health()).ready
    await engine.close()
