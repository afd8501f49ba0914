"""The service over a scripted engine, for tests outside tests/contract that need a real one to talk to.

Takes: the repository's root and a scenario. Gives: the fixture `start_scripted`, which a test module imports by name,
and the folder of the model's papers that it serves. Does not: start vLLM.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from serving.engines.scripted import Scenario, ScriptedEngine
from serving.settings import Settings
from tests.contract.model_papers import write_model_papers
from tests.contract.running import Service, running_service

StartScripted = Callable[..., Awaitable[Service]]


@pytest.fixture(scope="session")
def model_papers(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A model folder without weights."""
    return write_model_papers(tmp_path_factory.mktemp("papers"), root / "config" / "markets")


@pytest.fixture
async def start_scripted(model_papers: Path, tmp_path: Path) -> AsyncIterator[StartScripted]:
    """Starts services with a scenario and changed settings; all are closed at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(scenario: Scenario | None = None, **changes: object) -> Service:
            given = {"database": tmp_path / "log.sqlite3", "deadline_ms": 60_000, "drain_s": 0.05, **changes}
            settings = Settings(model_dir=model_papers, port=0, **given)  # type: ignore[arg-type]
            return await stack.enter_async_context(running_service(settings, ScriptedEngine(scenario)))

        yield start
