"""The demo's streams against a service, its child process, and the command as a user starts it."""

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from cases.case import LabelledCase
from cases.errors import ConfigError, EngineStartError
from cases.market import load_markets
from cases.verdict import Verdict
from cli.demo import Asking, demo_cases, show_all
from cli.service_process import ServeCommand, ServiceProcess
from eval.demo_cases import choose_demo_cases
from eval.sets import load_golden
from serving.engine_unit import engine_factory
from serving.engines.scripted import REFUSED, Hang, Scenario
from serving.engines.vllm_command import VllmServerOptions
from serving.server import VerdictServer, opened_server
from serving.settings import Settings, load_settings
from tests.contract.running import until
from tests.scripted import StartScripted, model_papers, start_scripted

__all__ = ["model_papers", "start_scripted"]  # fixtures

KEPT_ALIVE = """
import sys
from pathlib import Path
from rich.console import Console
from cli.service_process import ServiceProcess
command = [sys.executable, "-m", "tests.contract.scripted_service", sys.argv[2], "good"]
with ServiceProcess.started(int(sys.argv[1]), Path(sys.argv[3]), Console(stderr=True), lambda _: command) as service:
    print(service.url, flush=True)
    service.wait()
"""


@pytest.fixture
def cases(root: Path) -> list[LabelledCase]:
    """The demo's cases."""
    return choose_demo_cases(load_golden(load_markets(root / "config" / "markets")), ("SG", "ID", "BR"))


@pytest.fixture
def console() -> Console:
    """A terminal of paper."""
    return Console(file=io.StringIO(), width=100, highlight=False)


def _written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _scripted(model_papers: Path, database: Path) -> ServeCommand:
    def command(port: int) -> list[str]:
        settings = Settings(model_dir=model_papers, database=database, port=port, drain_s=0.05)
        given = settings.model_dump_json(exclude_unset=True)
        return [sys.executable, "-m", "tests.contract.scripted_service", given, "good"]

    return command


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[VerdictServer]:
    async with opened_server(settings, engine_factory(lambda _: None)) as server:
        running = asyncio.create_task(server.serve())
        await until(lambda: server.started and server.gateway.warm)
        try:
            yield server
        finally:
            server.should_exit = True
            await running


# --- its streams --------------------------------------------------------------------------------------


async def test_ten_cases_are_shown(
    start_scripted: StartScripted, cases: list[LabelledCase], console: Console
) -> None:
    """Ten headlines, ten verdicts with the human label beside them, ten ends, and one line for all."""
    service = await start_scripted()
    assert await show_all(service.server.url, cases, Asking(), console)
    written = _written(console)
    assert [line for line in written.splitlines() if line.startswith(("1/10  g001-br", "10/10  g025-id"))]
    assert written.count("as the human label") == 4
    assert written.count("human label: ") == 6
    assert written.count("complete · llm route") == 10
    assert "4 of 10 verdicts equal the human label · median time to verdict" in written.splitlines()[-1]


async def test_the_verdict_stands_before_the_reasoning(
    start_scripted: StartScripted, cases: list[LabelledCase], console: Console
) -> None:
    """While the engine still writes the explanation, verdict, score and label are on the screen already."""
    service = await start_scripted(Scenario(explain={Verdict.INDUCED: (Hang(),)}))
    showing = asyncio.create_task(show_all(service.server.url, cases[:1], Asking(), console))
    await until(lambda: "as the human label" in _written(console))
    assert "induced      score 0.98" in _written(console)
    assert "complete" not in _written(console)
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)
    await service.idle()


async def test_a_demo_of_the_fallback_alone_is_no_success(
    start_scripted: StartScripted, cases: list[LabelledCase], console: Console
) -> None:
    """Ten answers by rules say that the engine does not work: shown as such, and not a success."""
    service = await start_scripted(Scenario(before_decide=(REFUSED,)))
    assert not await show_all(service.server.url, cases, Asking(), console)
    assert "10 degraded" in _written(console)


async def test_a_refused_case_is_shown_and_is_no_success(
    start_scripted: StartScripted, cases: list[LabelledCase], console: Console
) -> None:
    """A problem instead of a stream is on the screen with its reason, and the other cases are still shown."""
    service = await start_scripted()
    stranger = cases[0].model_copy(update={"market": "XX"})
    assert not await show_all(service.server.url, [stranger, cases[1]], Asking(), console)
    assert "422 " in _written(console)
    assert "/case/market" in _written(console)
    assert "1 without a decision" in _written(console)


@pytest.mark.engine
@pytest.mark.timeout(900)
async def test_the_demo_on_the_real_engine(
    vllm_url: str, vllm_server: VllmServerOptions, tmp_path: Path
) -> None:
    """The shipped model on a real vLLM answers all ten of its own cases, each with a reasoning of its own words."""
    console = Console(file=io.StringIO(), width=100, highlight=False)
    settings = Settings(
        model_dir=load_settings().model_dir,
        engine_url=vllm_url,
        engine_model_name=vllm_server.model_name,
        engine_max_model_len_tokens=vllm_server.max_model_len_tokens,
        database=tmp_path / "log.sqlite3",
        port=0,
    )
    async with _serving(settings) as server:
        assert await show_all(server.url, demo_cases(), Asking(deadline_ms=60_000), console)
    written = _written(console)
    assert written.count("complete · llm route") == 10
    assert written.count("human label") == 11


# --- its child process --------------------------------------------------------------------------------


def test_the_child_is_waited_for_and_stopped(model_papers: Path, tmp_path: Path, console: Console) -> None:
    """Inside the block the service is ready; after it nothing listens there, and the child ended in good order."""
    command = _scripted(model_papers, tmp_path / "log.sqlite3")
    with ServiceProcess.started(0, tmp_path / "var" / "service.log", console, command) as service:
        assert httpx.get(f"{service.url}/readyz", trust_env=False).status_code == 200
    assert "starting the service" in _written(console)
    assert "ready after" in _written(console)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{service.url}/readyz", trust_env=False)
    assert "Finished server process" in service.log.read_text()


def test_a_child_that_fails_says_why(tmp_path: Path, console: Console) -> None:
    """A service that cannot start ends the wait at once, with its exit code, its last words and where more is."""
    script = "import sys; print('EngineStartError: no such model\\n', file=sys.stderr); sys.exit(7)"
    log = tmp_path / "service.log"
    with (
        pytest.raises(
            EngineStartError, match=r"exit code 7: EngineStartError: no such model \(more in .*service"
        ),
        ServiceProcess.started(0, log, console, lambda _: (sys.executable, "-c", script)),
    ):
        pass


def test_a_taken_port_is_told(tmp_path: Path, console: Console) -> None:
    """Where something listens already the demo does not start, so that it never shows another service's answers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=f"port {port}: Address already in use"),
            ServiceProcess.started(port, tmp_path / "service.log", console),
        ):
            pass


@pytest.fixture
def ended_demo(model_papers: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that keeps a service as the demo does, and the service's address."""
    port = _free_port()
    given = _scripted(model_papers, tmp_path / "log.sqlite3")(port)[3]
    process = subprocess.Popen(
        [sys.executable, "-c", KEPT_ALIVE, str(port), given, str(tmp_path / "service.log")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_demo_that_is_ended_takes_its_service_along(
    ended_demo: tuple[subprocess.Popen[str], str], number: signal.Signals
) -> None:
    """Told to stop, or its terminal closed, or interrupted: the service is stopped before the demo ends."""
    process, url = ended_demo
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    process.send_signal(number)
    assert process.wait() != 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz", trust_env=False)


def test_without_a_model_the_demo_says_so(tmp_path: Path) -> None:
    """A missing model is one line that names the file, before anything is started."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--once", "--port", "0"],
        env=os.environ | {"VERDICT_MODEL_DIR": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ModelFileError: ")
    assert "none/manifest.json: cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
