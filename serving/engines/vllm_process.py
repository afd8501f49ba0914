"""One life of our own vLLM process: from its start to its end.

Takes: `VllmServerOptions`, a callback for the steps of the start. Gives: the address of a vLLM that answers, or
`EngineStartError` with the line of its log that names the cause; a way to wait for its end and to end it.
Does not: restart it (`supervised_vllm`), send requests, or write prompts anywhere (vLLM does not log them).
"""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx

from cases.errors import EngineStartError
from serving.engines.engine_log import LoadPhase, LoadProgress, last_error_line, phase_of
from serving.engines.vllm_command import VllmServerOptions, command, environment

ProgressCallback = Callable[[LoadProgress], None]

_GUARD: Final = Path(__file__).with_name("guard.py")
_POLL_S: Final = 0.2
_STOP_GRACE_S: Final = 10.0
_TAIL_BYTES: Final = 64 * 1024


class VllmProcess:
    """A vLLM child process under its guard. `start` once, then `wait` or `stop`."""

    def __init__(self, options: VllmServerOptions, on_progress: ProgressCallback) -> None:
        self._options = options
        self._on_progress = on_progress
        self._phase = LoadPhase.IMPORT
        self._began_s = time.monotonic()
        self._guard: asyncio.subprocess.Process | None = None
        self._pid: int | None = None
        self.base_url = ""

    @property
    def pid(self) -> int | None:
        """Process id of vLLM's API server (not of the guard), once started."""
        return self._pid

    async def start(self) -> None:
        """Start and wait until vLLM answers. Raises EngineStartError; nothing is left running then."""
        port = _free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self._began_s = time.monotonic()
        try:
            await self._spawn(port)
            async with asyncio.timeout(self._options.start_timeout_s):
                await self._until_answering()
        except TimeoutError:
            await self.stop()
            raise EngineStartError(
                f"vLLM did not answer within {self._options.start_timeout_s:.0f} s; it was {self._phase.value};"
                f" its last line: {self.last_line()}"
            ) from None
        except OSError as error:  # no memory for another process, or its log was taken away
            await self.stop()
            raise EngineStartError(f"vLLM could not be started: {error}") from error
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> str:
        """Wait until the process ends by itself; gives a sentence that says how."""
        status = await self._running_guard().wait()
        return f"vLLM ended with {_status_words(status)}; its last line: {self.last_line()}"

    async def stop(self) -> None:
        """End the process and all that it started; may be called at any time and twice."""
        guard = self._guard
        if guard is None or guard.returncode is not None:
            return
        if guard.stdin is not None:
            guard.stdin.close()  # the guard's sign to end everything
        try:
            async with asyncio.timeout(_STOP_GRACE_S):
                await guard.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):  # it ended just now
                guard.kill()
            await guard.wait()

    def last_line(self) -> str:
        """The line of vLLM's log that says most about its end; never holds case text, since none is logged."""
        return last_error_line(_tail(self._options.log_file)) or "(its log is empty)"

    def report(self, phase: LoadPhase) -> None:
        """Tell the progress callback that `phase` begins; for steps that follow the start, such as warming up."""
        self._phase = phase
        self._on_progress(LoadProgress(phase, time.monotonic() - self._began_s))

    async def _spawn(self, port: int) -> None:
        options = self._options
        try:
            options.work_dir.mkdir(parents=True, exist_ok=True)
            log = options.log_file.open("wb")
        except OSError as error:
            raise EngineStartError(f"{options.log_file}: cannot be written: {error}") from error
        with log:
            # -I -S: the guard needs nothing but the standard library and starts in 20 ms.
            self._guard = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_GUARD), *command(options, port)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=environment(options, os.environ),
            )
        self.report(LoadPhase.IMPORT)
        first = await self._output().readline()
        if not first.strip().isdigit():
            raise EngineStartError(f"vLLM could not be started: {self.last_line()}")
        self._pid = int(first)

    async def _until_answering(self) -> None:
        guard = self._running_guard()
        read = 0
        async with httpx.AsyncClient(base_url=self.base_url, timeout=2.0, trust_env=False) as client:
            while not await _answers(client):
                if guard.returncode is not None:
                    status = _status_words(guard.returncode)
                    raise EngineStartError(f"vLLM ended with {status} while it started: {self.last_line()}")
                read = self._follow_log(read)
                # Ends at once when the process does, so a failed start is told without waiting for a time-out.
                with suppress(TimeoutError):
                    await asyncio.wait_for(guard.wait(), _POLL_S)

    def _follow_log(self, read: int) -> int:
        with self._options.log_file.open("rb") as log:
            log.seek(read)
            *lines, half = log.read().split(b"\n")  # what follows the last line break is read again next time
            end = log.tell() - len(half)
        order = list(LoadPhase)
        for line in lines:
            phase = phase_of(line.decode("utf-8", "replace"))
            if phase is not None and order.index(phase) > order.index(self._phase):
                self.report(phase)
        return end

    def _running_guard(self) -> asyncio.subprocess.Process:
        if self._guard is None:
            raise EngineStartError("vLLM was not started")
        return self._guard

    def _output(self) -> asyncio.StreamReader:
        stream = self._running_guard().stdout
        if stream is None:  # asked for with PIPE above
            raise EngineStartError("the guard of vLLM has no output")
        return stream


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health")).is_success
    except httpx.TransportError:  # not listening yet
        return False


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - _TAIL_BYTES))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _status_words(status: int) -> str:
    return f"signal {status - 128}" if status > 128 else f"exit status {status}"
