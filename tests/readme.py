"""README.md as its readers use it: its code blocks, word for word.

Takes: the repository's root. Gives: code blocks by language. Does not: run them.
"""

import re
from pathlib import Path

import pytest


def code_blocks(root: Path, language: str) -> list[str]:
    """The fenced blocks of `language`, in order."""
    text = (root / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def the_block(root: Path, language: str, holding: str) -> str:
    """The one block of `language` with `holding` in it; the test fails when README lost it."""
    found = [block for block in code_blocks(root, language) if holding in block]
    if len(found) != 1:
        pytest.fail(
            f"README.md has {len(found)} {language} blocks with {holding!r}; this test runs the one there was"
        )
    return found[0]
