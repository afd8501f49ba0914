"""ARCHITECTURE.md and the tests of stream endings name the same endings.

Takes: both files. Gives: the names that stand in only one of them. Does not run the tests.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_ending_is_drawn_and_tested() -> None:
    """Each way a stream can end has a diagram and a test of the same name."""
    files = sorted((ROOT / "tests" / "contract").glob("test_stream_endings*.py"))
    nodes = [node for path in files for node in ast.parse(path.read_text(encoding="utf-8")).body]
    tested = {n.name for n in nodes if isinstance(n, ast.AsyncFunctionDef) and n.name.startswith("test_")}
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\btest_\w+", page)) - {"test_stream_endings", "test_privacy"}
    assert drawn == tested
