"""Imports go one way between the rooms of the house, and no modules form a cycle.

Takes: the source tree. Gives: failures that name the importing file. Does not import any of the modules.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"cases", "metrics"}),
    frozenset({"prompts", "rag", "fusion", "baselines", "marketplace"}),
    frozenset({"serving", "finetune"}),
    frozenset({"eval", "labels", "rollout"}),
    frozenset({"cli", "benchmarks"}),
)
LEVEL = {name: depth for depth, names in enumerate(LEVELS) for name in names} | {"client": 1}
CASES_MAY_IMPORT = {"numpy", "pydantic", "pydantic_core", "annotated_types", "typing_extensions"}
TORCH_FREE = ("cases", "metrics", "prompts", "serving", "client")


def _sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in _imports(path)}


@pytest.mark.parametrize("package", sorted(LEVEL))
def test_a_room_imports_only_from_lower_levels(package: str) -> None:
    """No file imports a folder of its own level or of a higher one."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _sources(package)
        for name in _roots(path) & LEVEL.keys() - {package}
        if LEVEL[name] >= LEVEL[package] and not (package == "cli" and name == "client")
    ]
    assert wrong == []


def test_the_client_knows_only_httpx_and_the_nouns() -> None:
    """The typed client can be shipped apart: of the project it imports `cases` alone."""
    assert [p for p in _sources("client") if _roots(p) & (LEVEL.keys() - {"client", "cases"})] == []


def test_the_nouns_stay_light() -> None:
    """`cases` needs nothing but the standard library, pydantic and numpy."""
    allowed = sys.stdlib_module_names | CASES_MAY_IMPORT | {"cases"}
    assert {name for path in _sources("cases") for name in _roots(path) if name not in allowed} == set()


@pytest.mark.parametrize("package", TORCH_FREE)
def test_the_serving_side_never_imports_torch(package: str) -> None:
    """No file that the gateway can load imports torch or a library that pulls it in."""
    heavy = {"torch", "transformers", "peft", "trl", "sentence_transformers", "vllm", "sklearn"}
    assert [str(p.relative_to(ROOT)) for p in _sources(package) if _roots(p) & heavy] == []


def test_no_modules_form_a_cycle() -> None:
    """The import graph of the project's own modules has no cycle."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for package in LEVEL
        for path in _sources(package)
    }
    graph = {
        name: {i for i in _imports(path) if i in modules and i != name} for name, path in modules.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for imported in sorted(graph[name]):
            visit(imported, (*trail, name))
        done.add(name)

    for module in sorted(graph):
        visit(module, ())
