"""The scripted service as a child process that a test can stop, kill and read the logs of.

Takes: settings and a scenario's name. Gives: address, process and logs. Does not: share memory with the test.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from serving.settings import Settings
from tests.contract.running import Body


@dataclass(slots=True)
class ServiceProcess:
    """A running child."""

    process: asyncio.subprocess.Process
    http: httpx.AsyncClient

    async def kill(self) -> None:
        """Like a power cut: no handler of the child runs."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> str:
        """Stop it as an operator does; gives everything it logged."""
        self.process.send_signal(signal.SIGTERM)
        return await self.logs()

    async def logs(self) -> str:
        """Everything it logged, once it has ended."""
        _, errors = await self.process.communicate()
        return errors.decode()

    async def first_events(self, case: Body, count: int) -> list[ServerSentEvent]:
        """The first events of a stream; the child is killed before the client leaves."""
        body = {"case": case}
        async with aconnect_sse(self.http, "POST", "/v1/decisions", json=body) as source:
            events = source.aiter_sse()
            found = [await anext(events) for _ in range(count)]
            await self.kill()
            return found


@asynccontextmanager
async def service_process(settings: Settings, scenario: str) -> AsyncIterator[ServiceProcess]:
    """A child that listens and is warm; killed at the end if it still runs."""
    given = settings.model_dump_json(exclude_unset=True)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contract.scripted_service", given, scenario),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            _, errors = await process.communicate()
            raise AssertionError(errors.decode())
        async with httpx.AsyncClient(base_url=url, timeout=20.0) as http:
            yield ServiceProcess(process, http)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
