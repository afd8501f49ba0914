"""One real vLLM for all integration tests.

Takes: the demo model that the repository ships (VERDICT_MODEL_DIR names another). Gives: the address of a vLLM that
serves it on this machine, started once a test run and ended by its process id; and a wait with a deadline.
Does not: restart it. A test that kills an engine starts one of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from prompts.tokenizer import PromptTokenizer
from serving.engines.vllm import VllmEngine, VllmOptions
from serving.engines.vllm_command import VllmServerOptions
from serving.engines.vllm_process import VllmProcess
from serving.engines.wording import Wording, wording
from serving.settings import load_settings


class Until(Protocol):
    """Wait until an asynchronous question is answered yes; fails after `deadline_s`."""

    async def __call__(self, question: Callable[[], Awaitable[bool]], deadline_s: float = 60.0) -> None:
        """Ask again and again."""


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """The merged checkpoint that the engine serves."""
    return load_settings().model_dir / "merged"


@pytest.fixture(scope="session")
def prompt_tokenizer(model_dir: Path) -> PromptTokenizer:
    """The tokenizer of that checkpoint."""
    return PromptTokenizer.load(model_dir / "tokenizer.json")


@pytest.fixture(scope="session")
def document_wording(prompt_tokenizer: PromptTokenizer) -> Wording:
    """Label tokens and grammars under that tokenizer."""
    return wording(prompt_tokenizer)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vllm_server(
    model_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[VllmServerOptions]:
    """What the session's vLLM serves; `vllm_url` is its address."""
    yield VllmServerOptions(model_dir, tmp_path_factory.mktemp("vllm"), benchmark_routes=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vllm_url(vllm_server: VllmServerOptions) -> AsyncIterator[str]:
    """Address of a vLLM that answers; the same one for the whole session."""
    process = VllmProcess(vllm_server, lambda _: None)
    await process.start()
    yield process.base_url
    await process.stop()


@pytest_asyncio.fixture
async def vllm(
    vllm_url: str, vllm_server: VllmServerOptions, document_wording: Wording
) -> AsyncIterator[VllmEngine]:
    """A client of the session's vLLM."""
    engine = VllmEngine(VllmOptions(vllm_url, vllm_server.model_name), document_wording)
    yield engine
    await engine.close()


@pytest.fixture
def until() -> Until:
    """A wait with a deadline."""

    async def wait(question: Callable[[], Awaitable[bool]], deadline_s: float = 60.0) -> None:
        ends_s = time.monotonic() + deadline_s
        while not await question():
            assert time.monotonic() < ends_s, "the deadline passed"
            await asyncio.sleep(0.02)

    return wait
