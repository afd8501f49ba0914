"""Questions about processes, asked of /proc.

Takes: process ids. Gives: whether they live, and what they started. Does not: end any.
"""

from contextlib import suppress
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process exists and is more than an entry waiting to be collected."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    """The processes that this one has started and that live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found
