"""Chromium without a window, as a process of its own.

Takes: an address to open. Gives: a browser that runs until the block ends. Does not: drive it: the page reports itself.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def required_chromium() -> Path:
    """Where Chromium is. Without it a test is skipped; with REQUIRE_BROWSER=1, as in CI, it fails."""
    if not CHROMIUM.exists():
        message = f"{CHROMIUM} is not here; on Debian: apt-get install chromium"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return CHROMIUM


@asynccontextmanager
async def opened_page(url: str, profile: Path) -> AsyncIterator[None]:
    """A browser at `url` with a profile of its own."""
    process = await asyncio.create_subprocess_exec(
        *(str(required_chromium()), *_FLAGS, f"--user-data-dir={profile}", url),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)  # its own session: the browser and all its helpers
        await process.wait()
