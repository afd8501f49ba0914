"""`verdict serve` as a child process, waited for until it is ready.

Takes: a port, a file for what the child writes, a console for progress. Gives: an address that answers.
Does not: keep the child after `with` ends, however it ends (but for a kill -9 of this process).
"""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Self

import httpx
from rich.console import Console
from rich.text import Text

from cases.errors import ConfigError, EngineStartError
from client.answers import Readiness, read_json

STOP_GRACE_S: Final = 30.0  # above the service's own: running decisions, streams, then the engine
_POLL_S: Final = 0.25
_ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)

ServeCommand = Callable[[int], Sequence[str]]


def serve_command(port: int) -> Sequence[str]:
    """The service itself, by this interpreter."""
    return (sys.executable, "-m", "cli.main", "serve", "--port", str(port))


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A running child service; `log` holds what it writes."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def started(
        cls, port: int, log: Path, progress: Console, command: ServeCommand = serve_command
    ) -> Iterator[Self]:
        """Start the service on 127.0.0.1 (port 0: a free one), wait until it is ready; stop it on the way out.

        Raises ConfigError when the port is taken, EngineStartError with the child's last words when it ends too early.
        """
        chosen = _own_port(port)
        log.parent.mkdir(parents=True, exist_ok=True)
        with _ended_by_signals(), log.open("wb") as written:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command(chosen),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for this process, which then stops the child in good order
            )
            service = cls(f"http://127.0.0.1:{chosen}", log, process)
            try:
                service._until_ready(progress)
                yield service
            finally:
                service.stop()

    def wait(self) -> int:
        """Stay until the child ends; gives its exit code."""
        return self.process.wait()

    def stop(self) -> None:
        """End the child: politely, then not. Its engine has a guard of its own and ends with it either way."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """The last line that the child wrote."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")

    def _until_ready(self, progress: Console) -> None:
        begun_s = time.monotonic()
        with (
            _LoadingLine(progress) as line,
            httpx.Client(base_url=self.url, timeout=2.0, trust_env=False) as http,
        ):
            while (found := self._readiness(http)) is None or not found.ready:
                line.show("starting the service" if found is None else found.detail)
                time.sleep(_POLL_S)
        progress.print(f"ready after {time.monotonic() - begun_s:.0f} s")

    def _readiness(self, http: httpx.Client) -> Readiness | None:
        """What the child says of itself; None before it listens. Raises EngineStartError when it has ended."""
        if self.process.poll() is not None:
            code = self.process.returncode
            raise EngineStartError(
                f"the service ended with exit code {code}: {self.last_words()} (more in {self.log})"
            )
        try:
            answer = http.get("/readyz")
        except httpx.TransportError:  # not listening yet
            return None
        return read_json(Readiness, answer.content)


class _LoadingLine:
    """What the child does right now: one line that changes, or on a pipe a new line for every step."""

    def __init__(self, progress: Console) -> None:
        self._progress = progress
        self._begun_s = time.monotonic()
        self._status = progress.status("starting the service")
        self._shown = ""

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def show(self, step: str) -> None:
        """Show a step and the seconds so far."""
        elapsed_s = time.monotonic() - self._begun_s
        self._status.update(Text.assemble(step, (f"  {elapsed_s:.0f} s", "dim")))
        if step != self._shown and not self._progress.is_terminal:
            self._progress.print(f"{step} ({elapsed_s:.0f} s)", markup=False, soft_wrap=True)
        self._shown = step


def _own_port(port: int) -> int:
    """The port, or a free one for 0; taken, another service would answer in the child's place."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(
                f"port {port}: {error.strerror}; choose another, or 0 for a free one"
            ) from error
        return int(probe.getsockname()[1])


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind this process, so that the child is stopped; by default they would orphan it."""
    if threading.current_thread() is not threading.main_thread():  # handlers live in the main thread only
        yield
        return

    def unwind(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, unwind) for number in _ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
