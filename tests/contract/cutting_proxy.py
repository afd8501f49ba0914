"""A way to a service that breaks on demand, as networks do: a real TCP proxy on 127.0.0.1.

Takes: the service's port and a plan of cuts. Gives: an address that passes everything on until a cut comes.
Does not: understand HTTP beyond counting the ends of server-sent events.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

_EVENT_END = b"\n\n"


class CuttingProxy:
    """Connection number i is cut after `cuts[i]` events; None, or a connection beyond the plan, is never cut."""

    def __init__(self, upstream_port: int, cuts: Sequence[int | None]) -> None:
        self._upstream_port = upstream_port
        self._cuts = list(cuts)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def drop(self) -> None:
        """Cut every connection that is open."""
        for writer in self._writers:
            writer.transport.abort()

    def vanish(self) -> None:
        """Stop listening and cut every connection, as if the machine were gone."""
        assert self._server is not None
        self._server.close()
        self.drop()

    async def close(self) -> None:
        """Let go of everything."""
        self.vanish()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        number, self.connections = self.connections, self.connections + 1
        left = self._cuts[number] if number < len(self._cuts) else None
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        ways = [
            asyncio.create_task(_pass_on(reader, up_writer, None)),
            asyncio.create_task(_pass_on(up_reader, writer, left)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)  # one side gone: so is the other
        for end in (writer, up_writer):
            self._writers.discard(end)
            end.transport.abort()
        await asyncio.gather(*ways)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, events_left: int | None
) -> None:
    """Copy bytes until the source ends or `events_left` events have passed."""
    held = b""
    with suppress(ConnectionError):
        while chunk := await reader.read(65_536):
            if events_left is not None:
                ends = (held + chunk).count(_EVENT_END)
                if ends >= events_left:
                    writer.write(_up_to(chunk, events_left, held))
                    await writer.drain()
                    return
                events_left -= ends
                held = chunk[-1:] if chunk[-1:] == b"\n" and chunk[-2:] != _EVENT_END else b""
            writer.write(chunk)
            await writer.drain()


def _up_to(chunk: bytes, events: int, held: bytes) -> bytes:
    """The part of `chunk` that ends with that event."""
    end = 0
    for _ in range(events):
        end = (held + chunk).index(_EVENT_END, end) + len(_EVENT_END)
    return chunk[: max(0, end - len(held))]


@asynccontextmanager
async def cutting_proxy(upstream_url: str, *cuts: int | None) -> AsyncIterator[CuttingProxy]:
    """A proxy to `upstream_url` for as long as the block lasts."""
    proxy = CuttingProxy(int(upstream_url.rpartition(":")[2]), cuts)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
