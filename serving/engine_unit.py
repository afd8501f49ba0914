"""Which engine the service uses, and how it is brought up.

Takes: settings, the model's papers, the document's wording. Gives: an `EngineUnit`: our own vLLM, or one that runs at
an address. Does not: wait for it (`serving.gateway` does).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from cases.errors import ConfigError, EngineError
from serving.engines.base import Engine
from serving.engines.engine_log import LoadProgress
from serving.engines.supervised_vllm import SupervisedVllm
from serving.engines.vllm import VllmEngine, VllmOptions
from serving.engines.vllm_command import ServedAdapter, VllmServerOptions
from serving.engines.wording import Wording
from serving.model_files import ModelCard
from serving.settings import ROOT, Settings

_ASK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """What an engine is made from."""

    settings: Settings
    card: ModelCard
    wording: Wording


async def _at_once() -> None:
    """For an engine that needs no start."""


def _never() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class EngineUnit:
    """An engine with what surrounds it.

    `start` returns when it answers for the first time, and raises EngineStartError or ConfigError when it never will.
    """

    engine: Engine
    start: Callable[[], Awaitable[None]] = _at_once
    restarts: Callable[[], int] = _never


EngineFactory = Callable[[EnginePlan], EngineUnit]
ProgressSink = Callable[[LoadProgress], None]


def engine_factory(on_progress: ProgressSink) -> EngineFactory:
    """The engine that the settings ask for; `on_progress` hears of the steps of a start."""

    def make(plan: EnginePlan) -> EngineUnit:
        if plan.settings.engine_url is None:
            return _own_vllm(plan, on_progress)
        return _vllm_at(plan, plan.settings.engine_url)

    return make


def _own_vllm(plan: EnginePlan, on_progress: ProgressSink) -> EngineUnit:
    settings = plan.settings
    model_dir, adapter = served_weights(settings, plan.card)
    options = VllmServerOptions(
        model_dir=model_dir,
        adapter=adapter,
        work_dir=ROOT / "var" / "engine",
        model_name=settings.engine_model_name or "verdict",
        max_num_seqs=settings.engine_max_num_seqs,
        max_model_len_tokens=settings.engine_max_model_len_tokens,
        kv_cache_gib=settings.engine_kv_cache_gib,
        start_timeout_s=settings.engine_start_timeout_s,
    )
    engine = SupervisedVllm(options, plan.wording, on_progress=on_progress)
    return EngineUnit(engine, engine.start, lambda: engine.restarts)


def served_weights(settings: Settings, card: ModelCard) -> tuple[Path, ServedAdapter | None]:
    """What our own vLLM loads: the merged checkpoint, or a base with the adapter over it.

    Raises ConfigError when an adapter's base is not known.
    """
    unmerged = card.unmerged
    if unmerged is None:
        return settings.model_dir / "merged", None
    given = settings.engine_base
    base = given or unmerged.base
    if base is None:
        raise ConfigError(
            f"{unmerged.folder}: its manifest names no base that can be loaded; set engine_base to the base's folder"
        )
    revision = unmerged.base_revision if given is None else None
    return Path(base), ServedAdapter(unmerged.folder, unmerged.rank, revision)


def _vllm_at(plan: EnginePlan, url: str) -> EngineUnit:
    settings = plan.settings
    engine = VllmEngine(VllmOptions(url, settings.engine_model_name or "verdict"), plan.wording)

    async def start() -> None:
        """Wait for the address to answer, as long as it takes; an engine that serves something else is refused."""
        while True:
            try:
                await engine.check_labels(needed_length_tokens=settings.engine_max_model_len_tokens)
            except EngineError:
                await asyncio.sleep(_ASK_AGAIN_S)
            else:
                return

    return EngineUnit(engine, start)
