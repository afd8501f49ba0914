"""The shipped adapter served unmerged over its base, as on a GPU: a real vLLM with --enable-lora.

Takes: the shipped model, and the session's vLLM that serves it merged. Gives: failures. The base is not shipped: it is
the merged weights less the adapter.
"""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from cases.verdict import VERDICTS, Verdict
from eval.base_model import unmerged
from prompts.tokenizer import PromptTokenizer
from serving.engines.base import FinishReason
from serving.engines.vllm import VllmEngine, VllmOptions
from serving.engines.vllm_command import ServedAdapter, VllmServerOptions
from serving.engines.vllm_process import VllmProcess
from serving.engines.wording import Wording

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

CASE = "market SG; late 30 h; -20.0h seller: pls cancel dear no stock; -19.5h buyer: ok; cancelled now\n<verdict>"
# The merged file is rounded to bfloat16 after the sum, the unmerged one before it.
LOGPROB_TOLERANCE = 0.3


@pytest.fixture(scope="module")
def base_dir(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base under the shipped adapter, as a folder that vLLM can load."""
    folder = tmp_path_factory.mktemp("base")
    unmerged(model_dir.parent).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(model_dir / name, folder / name)
    return folder


@pytest_asyncio.fixture
async def adapted(
    base_dir: Path, model_dir: Path, tmp_path: Path, document_wording: Wording
) -> AsyncIterator[VllmEngine]:
    """A client of a vLLM that serves the adapter over the base."""
    adapter = model_dir.parent / "adapter"
    rank = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    options = VllmServerOptions(base_dir, tmp_path, adapter=ServedAdapter(adapter, rank))
    process = VllmProcess(options, lambda _: None)
    await process.start()
    engine = VllmEngine(VllmOptions(process.base_url, options.model_name), document_wording)
    yield engine
    await engine.close()
    await process.stop()


async def test_an_unmerged_adapter_answers_as_the_merged_model(
    adapted: VllmEngine, vllm: VllmEngine, prompt_tokenizer: PromptTokenizer, document_wording: Wording
) -> None:
    """Same label log-probabilities within bfloat16, and an explanation that ends by itself, under the model's name."""
    await adapted.check_labels(needed_length_tokens=3072)
    ids = [prompt_tokenizer.special_id("<|begin_of_text|>"), *prompt_tokenizer.encode_text(CASE)]
    merged, unmerged_too = [await engine.decide(ids, request_id="t") for engine in (vllm, adapted)]
    assert [unmerged_too.logprobs[verdict] for verdict in VERDICTS] == pytest.approx(
        [merged.logprobs[verdict] for verdict in VERDICTS], abs=LOGPROB_TOLERANCE
    )
    prefix = document_wording.explain_prefixes[Verdict.INDUCED]
    async with aclosing(adapted.explain([*ids, *prefix], Verdict.INDUCED, request_id="t")) as deltas:
        told = [delta async for delta in deltas]
    assert told[-1].finish_reason is FinishReason.STOP
