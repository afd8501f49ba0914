"""The list of looks at the golden cases: every computed figure is one line, so that nobody tunes on them unseen.

Takes: figures just computed on golden cases. Gives: lines at the end of docs/golden-looks.md, written before anybody
reads the figures. Does not: compute them.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cases.errors import ConfigError

ROOT: Final = Path(__file__).resolve().parents[1]
LOOKS: Final = ROOT / "docs" / "golden-looks.md"


@dataclass(frozen=True, slots=True)
class Look:
    """One look: what was computed and why, on how many cases, and the figure with its 95 % interval."""

    what: str
    n: int
    figure: str


def append_looks(looks: Sequence[Look], path: Path = LOOKS) -> None:
    """Add one table row a look; raises ConfigError when the file with its heading is not there."""
    if not path.is_file():
        raise ConfigError(f"{path}: missing; every look at the golden cases is written down there")
    day, at = datetime.now(UTC).date().isoformat(), commit()
    rows = "".join(
        f"| {day} | {at} | {_cell(look.what)} | {look.n} | {_cell(look.figure)} |\n" for look in looks
    )
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rstrip("\n") + "\n" + rows, encoding="utf-8")


def commit() -> str:
    """The short commit of the code at work, with `+` when files differ from it; "unknown" outside a checkout."""
    head = _git("rev-parse", "--short", "HEAD")
    if not head:
        return "unknown"
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)  # noqa: S603, S607 - fixed words
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
