"""The service as a listening process.

Takes: settings and a way to make an engine. Gives: a service that runs until it is asked to stop.
Does not: parse a command line (`cli.serve`).
"""

import gc
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from serving.app import create_app
from serving.assembly import assemble
from serving.engine_unit import EngineFactory
from serving.gateway import Gateway
from serving.settings import Settings

_LOG_LEVELS = {
    # At DEBUG these print what they send, and what they send are cases.
    "sse_starlette": logging.INFO,
    "sqlalchemy": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
}


class VerdictServer(uvicorn.Server):
    """Closes in order: no new work, running decisions end (or are ended), streams close, then the sockets."""

    def __init__(self, gateway: Gateway, settings: Settings) -> None:
        self.gateway = gateway
        super().__init__(
            uvicorn.Config(
                create_app(gateway),
                host=settings.host,
                port=settings.port,
                log_level=settings.log_level,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=settings.server_grace_s,
                server_header=False,
            )
        )

    @property
    def url(self) -> str:
        """Where it listens, once it does."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop: asked to, or because the engine will never come up."""
        return await super().on_tick(counter) or self.gateway.fatal is not None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain while clients are still told why they are refused, close as uvicorn does, then the gateway."""
        await self.gateway.drain()
        await super().shutdown(sockets)
        # Here, because uvicorn raises the stop signal again as soon as it is done, and SIGTERM then ends the process.
        await self.gateway.close()


@asynccontextmanager
async def opened_server(settings: Settings, make_engine: EngineFactory) -> AsyncIterator[VerdictServer]:
    """A server over an assembled, started gateway; `await server.serve()` listens.

    Raises ConfigError, ModelFileError or StoreError when a part cannot be loaded.
    """
    quiet_logs()
    gateway = Gateway(assemble(settings, make_engine))
    try:
        await gateway.start()
        yield VerdictServer(gateway, settings)
    finally:
        await gateway.close()


async def serve(settings: Settings, make_engine: EngineFactory) -> None:
    """Serve until asked to stop; also raises EngineStartError or ConfigError when the engine will never come up."""
    async with opened_server(settings, make_engine) as server:
        gc.freeze()  # what start-up made lives as long as the process; walking it would cost requests milliseconds
        await server.serve()
    if server.gateway.fatal is not None:
        raise server.gateway.fatal


def quiet_logs() -> None:
    """Hold libraries that print cases when they debug at a level where they do not."""
    for name, level in _LOG_LEVELS.items():
        logging.getLogger(name).setLevel(level)
