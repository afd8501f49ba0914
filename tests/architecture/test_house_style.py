"""The written rules of the house that a program can see.

Takes: every Python file that git tracks. Gives: failures that name file and rule. Does not run the files.
"""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc"}


def _python_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_files_stay_readable() -> None:
    """No file is longer than 300 lines."""
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in _python_files()}
    assert {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_functions_stay_readable() -> None:
    """No function is longer than 50 lines."""
    long: list[str] = []
    for path in _python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({lines} lines)")
    assert long == []


def test_names_say_what_a_module_holds() -> None:
    """No module is called utils, helpers or common."""
    assert [
        str(p.relative_to(ROOT)) for p in _python_files() if VAGUE & {p.stem, *p.relative_to(ROOT).parts}
    ] == []


def test_every_module_says_what_it_does() -> None:
    """Every module has a docstring."""
    missing = [
        p for p in _python_files() if ast.get_docstring(ast.parse(p.read_text(encoding="utf-8"))) is None
    ]
    assert [str(p.relative_to(ROOT)) for p in missing] == []


def test_errors_have_one_tree() -> None:
    """Every exception class of the project descends from `VerdictError`, by name of its bases."""
    bases: dict[str, set[str]] = {}
    for path in _python_files():
        if path.relative_to(ROOT).parts[0] == "tests":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {ast.unparse(b).split(".")[-1] for b in node.bases}

    def ancestors(name: str) -> set[str]:
        return {name}.union(*(ancestors(b) for b in bases.get(name, set()) if b != name))

    builtin = {"Exception", "BaseException", "RuntimeError", "ValueError", "OSError"}
    errors = {n for n in bases if ancestors(n) & builtin}
    assert {n for n in errors if "VerdictError" not in ancestors(n)} == set()
