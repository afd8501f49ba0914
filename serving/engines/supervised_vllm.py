"""The engine of the demo and the tests: our own vLLM, watched and restarted.

Takes: `VllmServerOptions`, the document's wording, a callback for the steps of a start. Gives: the `Engine` protocol
over whichever process lives now, and its state for `/readyz`.
Does not: queue requests while the engine is down (they fail at once; the fallback answers), or warm up by itself.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Final

from cases.errors import ConfigError, EngineError, EngineUnavailable
from cases.verdict import Verdict
from serving.engines.base import Delta, EngineHealth, EngineState, LabelLogprobs
from serving.engines.engine_log import LoadPhase, LoadProgress
from serving.engines.vllm import VllmEngine, VllmOptions
from serving.engines.vllm_command import VllmServerOptions
from serving.engines.vllm_process import ProgressCallback, VllmProcess
from serving.engines.wording import Wording

_log = logging.getLogger(__name__)
_FIRST_DELAY_S: Final = 1.0
_LONGEST_DELAY_S: Final = 60.0
_STEADY_S: Final = 60.0


def back_off_s(failures: int) -> float:
    """Seconds before the next start after `failures` in a row: 1, 2, 4, ... up to 60."""
    return float(min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2 ** min(failures, 10)))


def _unseen(progress: LoadProgress) -> None:
    _log.debug("engine: %s", progress.phase.value)


class SupervisedVllm:
    """Our own vLLM. `start` raises when the first start fails; later deaths are noticed, told and mended."""

    def __init__(
        self,
        server: VllmServerOptions,
        wording: Wording,
        *,
        document_tokens: int = 650,
        on_progress: ProgressCallback = _unseen,
    ) -> None:
        self._server = server
        self._wording = wording
        self._document_tokens = document_tokens
        self._on_progress = on_progress
        self._health = EngineHealth(EngineState.STARTING, "not started yet")
        self._process = VllmProcess(server, self._progress)
        self._client: VllmEngine | None = None
        self._watcher: asyncio.Task[None] | None = None
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Process id of the vLLM that lives now, or of the last one."""
        return self._process.pid

    @property
    def base_url(self) -> str:
        """Address of the vLLM that lives now, or of the last one."""
        return self._process.base_url

    async def start(self) -> None:
        """Start vLLM, wait until it answers, and watch it from then on.

        Raises EngineStartError with the cause from its log, or ConfigError when it serves another tokenizer.
        """
        try:
            await self._launch()
        except (EngineError, ConfigError) as error:
            self._health = EngineHealth(EngineState.DOWN, str(error))
            raise
        self._watcher = asyncio.create_task(self._watch(), name="watch vLLM")

    async def decide(self, prompt_ids: Sequence[int], *, request_id: str) -> LabelLogprobs:
        """See `Engine.decide`."""
        return await self._living().decide(prompt_ids, request_id=request_id)

    async def explain(
        self, ids: Sequence[int], verdict: Verdict, *, request_id: str
    ) -> AsyncGenerator[Delta, None]:
        """See `Engine.explain`."""
        async with aclosing(self._living().explain(ids, verdict, request_id=request_id)) as deltas:
            async for delta in deltas:
                yield delta

    async def generate(
        self,
        ids: Sequence[int],
        *,
        temperature: float,
        seed: int | None,
        request_id: str,
        constrained: bool = True,
    ) -> AsyncGenerator[Delta, None]:
        """See `Engine.generate`."""
        stream = self._living().generate(
            ids, temperature=temperature, seed=seed, request_id=request_id, constrained=constrained
        )
        async with aclosing(stream) as deltas:
            async for delta in deltas:
                yield delta

    async def warm(self, prompt_ids: Sequence[int]) -> None:
        """See `Engine.warm`."""
        self._process.report(LoadPhase.WARM)
        await self._living().warm(prompt_ids)
        self._process.report(LoadPhase.READY)

    async def health(self) -> EngineHealth:
        """See `Engine.health`: what the supervisor knows, and whether a living process answers."""
        client = self._client
        return self._health if client is None else await client.health()

    async def close(self) -> None:
        """See `Engine.close`: ends the process and does not restart it."""
        self._health = EngineHealth(EngineState.STOPPED, "the engine was stopped")
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
        await self._drop_client()
        await self._process.stop()

    def _living(self) -> VllmEngine:
        if self._client is None:
            raise EngineUnavailable(f"engine {self._health.state.value}: {self._health.message}")
        return self._client

    def _progress(self, progress: LoadProgress) -> None:
        if self._client is None:
            self._health = EngineHealth(EngineState.STARTING, progress.phase.value)
        self._on_progress(progress)

    async def _launch(self) -> None:
        process = self._process = VllmProcess(self._server, self._progress)
        await process.start()
        options = VllmOptions(process.base_url, self._server.model_name, self._document_tokens)
        client = VllmEngine(options, self._wording)
        try:
            await client.check_labels(needed_length_tokens=self._server.max_model_len_tokens)
        except BaseException:
            await client.close()
            await process.stop()
            raise
        self._client = client

    async def _watch(self) -> None:
        failures = 0
        while True:
            began_s = time.monotonic()
            message = await self._process.wait()
            await self._drop_client()
            failures = 0 if time.monotonic() - began_s > _STEADY_S else failures + 1
            while not await self._restarted(message, back_off_s(failures)):
                failures += 1
                message = self._health.message
            self.restarts += 1

    async def _restarted(self, message: str, delay_s: float) -> bool:
        told = f"{message}; next start in {delay_s:.0f} s"
        self._health = EngineHealth(EngineState.DOWN, told)
        _log.warning("engine down: %s", told)
        await asyncio.sleep(delay_s)
        try:
            await self._launch()
        except (EngineError, ConfigError) as error:
            self._health = EngineHealth(EngineState.DOWN, str(error))
            return False
        _log.info("engine started again, process %s", self._process.pid)
        return True

    async def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
