"""What every section measures on: one real vLLM, one service over it, clients of both.

Takes: a model folder and sizes. Gives: a `Bench` for as long as `with` lasts. Does not: measure.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from benchmarks.service_child import ServiceChild, running_service
from benchmarks.sizes import Sizes
from benchmarks.suite import Tell
from cases.case import Case, Order
from cases.market import Markets, load_markets
from cases.narrative import narrate
from client.client import Retries, VerdictClient
from prompts.render import PromptRenderer, RenderedPrompt
from prompts.template import load_template
from prompts.tokenizer import PromptTokenizer
from serving.engines.engine_log import LoadProgress
from serving.engines.vllm import VllmEngine, VllmOptions
from serving.engines.vllm_command import VllmServerOptions
from serving.engines.vllm_process import VllmProcess
from serving.engines.wording import Wording, wording
from serving.model_files import ModelCard, load_model_card
from serving.settings import ROOT, Settings, load_settings

WORK: Final = ROOT / "var" / "benchmarks"
MODEL_NAME: Final = "verdict"
_NO_RETRY: Final = Retries(attempts=1)


@dataclass(frozen=True, slots=True)
class ModelUnderTest:
    """The model's papers and everything that turns a case into its prompt."""

    folder: Path
    card: ModelCard
    markets: Markets
    tokenizer: PromptTokenizer
    renderer: PromptRenderer
    wording: Wording

    @property
    def trained(self) -> tuple[str, ...]:
        """The markets that the model was trained on, in order."""
        return tuple(sorted(self.card.trained_markets))

    def prompt(self, case: Case) -> RenderedPrompt:
        """The decide prompt, id by id what the service sends."""
        return self.renderer.render(narrate(case), self.markets[case.market])


@dataclass(frozen=True, slots=True)
class Bench:
    """The engine, the service and their clients. `tell` prints a word of progress."""

    sizes: Sizes
    settings: Settings
    model: ModelUnderTest
    service: ServiceChild
    engine: VllmEngine
    engine_http: httpx.AsyncClient
    service_http: httpx.AsyncClient
    tell: Tell

    def client(self, connections: int = 64) -> VerdictClient:
        """A client of the service that never tries twice: a retry would hide what is measured."""
        return VerdictClient(self.service.url, timeout_s=600.0, connections=connections, retries=_NO_RETRY)

    async def fresh_cache(self, codes: Sequence[str]) -> None:
        """Empty the engine's prefix cache, then put back the static prefix of these markets, as in service."""
        (await self.engine_http.post("/reset_prefix_cache")).raise_for_status()
        for code in codes:
            await self.engine.decide(self._static_prompt(code), request_id="static-prefix")

    def _static_prompt(self, code: str) -> list[int]:
        """A prompt of the market that shares nothing but the static prefix with any case."""
        cancelled_at = datetime(2025, 1, 2, tzinfo=UTC)
        order = Order(order_id="none", placed_at=cancelled_at - timedelta(days=9), cancelled_at=cancelled_at)
        return self.model.prompt(Case(case_id="none", market=code, order=order)).ids


def load_model(settings: Settings) -> ModelUnderTest:
    """The model of the settings; raises ConfigError or ModelFileError."""
    card = load_model_card(settings.model_dir, prompt_version=settings.prompt_version)
    tokenizer = PromptTokenizer.load(card.tokenizer_json)
    return ModelUnderTest(
        folder=settings.model_dir,
        card=card,
        markets=load_markets(settings.markets_dir),
        tokenizer=tokenizer,
        renderer=PromptRenderer(load_template(settings.prompt_version), tokenizer),
        wording=wording(tokenizer),
    )


@asynccontextmanager
async def running_engine(settings: Settings, folder: Path, tell: Tell) -> AsyncIterator[str]:
    """Our own vLLM with the routes that a benchmark needs; gives its address."""
    options = VllmServerOptions(
        model_dir=settings.model_dir / "merged",
        work_dir=folder / "engine",
        model_name=MODEL_NAME,
        max_num_seqs=settings.engine_max_num_seqs,
        max_model_len_tokens=settings.engine_max_model_len_tokens,
        kv_cache_gib=settings.engine_kv_cache_gib,
        start_timeout_s=settings.engine_start_timeout_s,
        benchmark_routes=True,
    )

    def show(progress: LoadProgress) -> None:
        tell(f"engine: {progress.phase.value} ({progress.elapsed_s:.0f} s)")

    process = VllmProcess(options, show)
    await process.start()
    try:
        yield process.base_url
    finally:
        await process.stop()


@asynccontextmanager
async def bench_over(
    engine_url: str, settings: Settings, sizes: Sizes, tell: Tell, folder: Path = WORK
) -> AsyncIterator[Bench]:
    """A service over a running engine, and clients of both; its database and log go into `folder`."""
    model = load_model(settings)
    timeout = httpx.Timeout(600.0, connect=5.0)
    async with (
        running_service(engine_url, model.folder, folder) as service,
        httpx.AsyncClient(base_url=engine_url, timeout=timeout, trust_env=False) as engine_http,
        httpx.AsyncClient(base_url=service.url, timeout=timeout, trust_env=False) as service_http,
    ):
        engine = VllmEngine(VllmOptions(engine_url, MODEL_NAME, stall_timeout_s=600.0), model.wording)
        try:
            yield Bench(sizes, settings, model, service, engine, engine_http, service_http, tell)
        finally:
            await engine.close()


@asynccontextmanager
async def started_bench(sizes: Sizes, tell: Tell, model_dir: Path | None = None) -> AsyncIterator[Bench]:
    """Engine, service and clients, ended together."""
    settings = load_settings(model_dir=model_dir)
    async with running_engine(settings, WORK, tell) as url, bench_over(url, settings, sizes, tell) as bench:
        yield bench
