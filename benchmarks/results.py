"""What a section found: lines that hold or fall short, tables, and where and when it ran.

Takes: measured figures. Gives: frozen models and one JSON file a section. Does not: measure or judge.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from cases.errors import ConfigError
from metrics.intervals import Interval


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(_Part):
    """One line of what must be shown. `holds` None: reported, nothing is required."""

    what: str
    required: str
    measured: str
    n: int
    holds: bool | None


class Table(_Part):
    """Figures behind the lines."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Series(_Part):
    """One bar a category; `lows` and `highs` are the ends of 95 % intervals, or empty."""

    name: str
    values: tuple[float, ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()

    @classmethod
    def of(cls, name: str, found: Sequence[Interval], times: float = 1.0) -> "Series":
        """Figures with their intervals, each `times` as large (100 for per cent)."""
        return cls(
            name=name,
            values=tuple(times * one.value for one in found),
            lows=tuple(times * one.low for one in found),
            highs=tuple(times * one.high for one in found),
        )


class Chart(_Part):
    """A picture of figures: `marks_at` is a dashed line, `from_value` where the axis begins."""

    title: str
    unit: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    stacked: bool = False
    marks_at: float | None = None
    from_value: float | None = None


class SectionResult(_Part):
    """A finished section."""

    section: str
    lines: tuple[Line, ...]
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()


class Stamp(_Part):
    """What a result rests on: two results may stand in one report only if model and size agree."""

    commit: str
    model: str
    quick: bool
    began_at: str
    wall_s: float
    load_before: float


class StoredSection(_Part):
    """A section's file."""

    stamp: Stamp
    result: SectionResult


class SectionStore:
    """`<folder>/<section>.json`; a killed run finds its finished sections again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, section: str) -> StoredSection | None:
        """A finished section, None when it has not run; raises ConfigError when its file cannot be read."""
        path = self._path(section)
        if not path.exists():
            return None
        try:
            return StoredSection.model_validate_json(path.read_text(encoding="utf-8"))
        except ValidationError as error:
            raise ConfigError(
                f"{path}: not a section's result; delete it to run the section again"
            ) from error

    def write(self, stored: StoredSection) -> None:
        """Write it whole: a reader sees the old file or the new one."""
        path = self._path(stored.result.section)
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(stored.model_dump_json(indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)

    def _path(self, section: str) -> Path:
        return self._folder / f"{section}.json"


HOLDS: Final = {True: "holds", False: "falls short", None: "reported"}


def falls_short(results: Sequence[SectionResult]) -> list[Line]:
    """The lines that were required and do not hold."""
    return [line for result in results for line in result.lines if line.holds is False]
