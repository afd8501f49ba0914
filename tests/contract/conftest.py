"""What the tests of the HTTP contract share.

Takes: a tiny tokenizer made once a session. Gives: `service`, `start_service`, `settings` and a case.
Does not: start an engine.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from serving.engines.scripted import Scenario, ScriptedEngine
from serving.settings import Settings
from tests.contract.model_papers import write_model_papers
from tests.contract.running import Body, Service, running_service

StartService = Callable[..., Awaitable[Service]]
MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A model's papers without its weights, with a calibration of SG alone."""
    return write_model_papers(tmp_path_factory.mktemp("model"), root / "config" / "markets")


@pytest.fixture
def make_settings(model_dir: Path, tmp_path: Path) -> MakeSettings:
    """Settings for a service of this test; the same decision log each time."""

    def make(**changes: object) -> Settings:
        given = {
            "model_dir": model_dir,
            "database": tmp_path / "log.sqlite3",
            "port": 0,
            "deadline_ms": 60_000,
            "drain_s": 0.05,
            **changes,
        }
        return Settings(**given)  # type: ignore[arg-type]

    return make


@pytest.fixture
async def start_service(make_settings: MakeSettings) -> AsyncIterator[StartService]:
    """Starts services with a scenario and changed settings; all are closed at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(scenario: Scenario | None = None, **changes: object) -> Service:
            return await stack.enter_async_context(
                running_service(make_settings(**changes), ScriptedEngine(scenario))
            )

        yield start


@pytest.fixture
async def service(start_service: StartService) -> Service:
    """A running service with an engine that is sure of `induced`."""
    return await start_service()


@pytest.fixture
def case() -> Body:
    """A case with one message, in a calibrated market."""
    return {
        "case_id": "c-1",
        "market": "SG",
        "order": {
            "order_id": "o-1",
            "placed_at": "2025-03-01T09:00:00+08:00",
            "promised_ship_at": "2025-03-04T09:00:00+08:00",
            "cancelled_at": "2025-03-03T09:00:00+08:00",
        },
        "chat": [
            {
                "at": "2025-03-02T10:00:00+08:00",
                "sender": "seller",
                "text": "pls help cancel, no stock",
                "kind": "text",
            }
        ],
    }
