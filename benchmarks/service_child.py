"""The service under test as a child process, asked over HTTP like any other.

Takes: a model folder, the address of an engine, a folder for its database and log. Gives: its address and process id.
Does not: share memory with it.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from cases.errors import EngineStartError

_READY_WITHIN_S: Final = 180.0
_POLL_S: Final = 0.2
_STOP_WITHIN_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class ServiceChild:
    """A running service."""

    url: str
    pid: int


@asynccontextmanager
async def running_service(engine_url: str, model_dir: Path, folder: Path) -> AsyncIterator[ServiceChild]:
    """Start `verdict serve` over a running engine, wait for `/readyz`, stop it on the way out.

    Its database starts empty: no stored answer of an earlier run is there. Raises EngineStartError when it ends
    before it is ready; its log is in `folder`.
    """
    _empty(folder)
    port = _free_port()
    command = [sys.executable, "-m", "cli.main", "serve", "--port", str(port), "--engine-url", engine_url]
    environment = os.environ | {
        "VERDICT_DATABASE": str(folder / "decisions.sqlite3"),
        "VERDICT_MODEL_DIR": str(model_dir),
    }
    with (folder / "service.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        await _until_ready(url, process, folder / "service.log")
        yield ServiceChild(url, process.pid)
    finally:
        await _stop(process)


async def _until_ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(_READY_WITHIN_S), httpx.AsyncClient(base_url=url, timeout=2.0) as http:
        while process.returncode is None:
            try:
                if (await http.get("/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:  # not listening yet
                pass
            await asyncio.sleep(_POLL_S)
    raise EngineStartError(f"the service ended with exit code {process.returncode}; see {log}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("decisions.sqlite3*"):
        old.unlink()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
