"""Write simulated cases as a data set: JSONL, Parquet, the hidden truths apart, and a manifest that comes last.

Takes: simulated cases, one at a time. Gives: files in a folder, whole or not at all.
Does not: keep cases in memory, or put the hidden cause or the acts where a model could read them with the case.

Files are written under names ending in `.partial` and renamed when all are complete; a data set without
`manifest.json` is not finished. Parquet rows hold a case's fields, nested ones as JSON strings, as `--data` reads them.
"""

import hashlib
import json
import platform
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from cases.errors import ConfigError
from cases.verdict import VERDICTS
from marketplace.settings import SimulationSettings
from marketplace.simulate import SimulatedCase

FORMAT = 1
_BATCH = 1_000
_PLAIN = ("case_id", "market", "language")
_NESTED = ("order", "fulfillment", "chat", "calls", "concurrent_orders", "seller", "buyer", "label")
SCHEMA = pa.schema([(name, pa.string()) for name in (*_PLAIN, *_NESTED)])
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class DataSetFile:
    """One finished file."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class DataSetManifest:
    """What was written: enough to make it again and to tell whether it was changed."""

    format: int
    settings: SimulationSettings
    cases: int
    verdicts: dict[str, int]
    files: tuple[DataSetFile, ...]
    versions: dict[str, str]

    def to_json(self) -> str:
        """The manifest file's text."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def write_data_set(
    cases: Iterable[SimulatedCase],
    folder: Path,
    settings: SimulationSettings,
    progress: Callable[[SimulatedCase], None] | None = None,
) -> DataSetManifest:
    """Write `<split>.jsonl`, `<split>.parquet`, `<split>.truth.jsonl` and `<split>.manifest.json` into `folder`.

    An earlier data set of the same split is replaced only when the new one is complete.
    Raises ConfigError when the folder cannot be written (a full disk, no permission); no partial file is left.
    """
    names = tuple(f"{settings.split}.{ending}" for ending in ("jsonl", "parquet", "truth.jsonl"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        counts = _write_partials(cases, [folder / (name + _PARTIAL) for name in names], progress)
        return _finish(folder, names, settings, counts)
    except OSError as error:
        raise ConfigError(
            f"{folder}: the data set could not be written: {error.strerror or error}"
        ) from error
    finally:
        _drop_partials(folder, names)


def _write_partials(
    cases: Iterable[SimulatedCase], paths: list[Path], progress: Callable[[SimulatedCase], None] | None
) -> dict[str, int]:
    verdicts = dict.fromkeys((v.value for v in VERDICTS), 0)
    with (
        paths[0].open("w", encoding="utf-8") as jsonl,
        pq.ParquetWriter(paths[1], SCHEMA, compression="zstd") as parquet,
        paths[2].open("w", encoding="utf-8") as truths,
    ):
        rows = ParquetRows(parquet)
        for simulated in cases:
            verdicts[simulated.label.verdict.value] += 1
            text = simulated.case.model_dump_json(exclude_none=False)
            jsonl.write(text + "\n")
            rows.add(text)
            _write_truth(truths, simulated)
            if progress is not None:
                progress(simulated)
        rows.flush()
    return verdicts


@dataclass(slots=True)
class ParquetRows:
    """Rows on their way into a Parquet file, in groups of a fixed size so that memory stays constant."""

    parquet: Any
    _held: list[dict[str, str | None]] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Add a case, given as JSON."""
        fields = json.loads(text)
        row: dict[str, str | None] = {name: fields[name] for name in _PLAIN}
        for name in _NESTED:
            value = fields.get(name)
            row[name] = (
                None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            )
        self._held.append(row)
        if len(self._held) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            self.parquet.write_table(pa.Table.from_pylist(self._held, schema=SCHEMA))
            self._held.clear()


def _write_truth(truths: IO[str], simulated: SimulatedCase) -> None:
    row = {**truth_of(simulated), "label": simulated.label.verdict.value}
    truths.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def truth_of(simulated: SimulatedCase) -> dict[str, Any]:
    """What only the simulator knows of a case, by its id, ready for JSON: the hidden cause and the uttered acts."""
    cause = simulated.cause
    return {
        "case_id": simulated.case.case_id,
        "cause": cause.kind.value,
        "cause_induced": cause.induced,
        "problem": cause.problem.value,
        "strategy": cause.strategy.value,
        "acts": [
            {"line": a.line_index, "sender": a.sender.value, "act": a.act.value, "until": _iso(a.until)}
            for a in simulated.acts
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _finish(
    folder: Path, names: tuple[str, ...], settings: SimulationSettings, verdicts: dict[str, int]
) -> DataSetManifest:
    """Rename the complete files into place, the manifest last; without it nothing counts as finished."""
    files = tuple(described(folder / (name + _PARTIAL), name) for name in names)
    manifest = DataSetManifest(
        format=FORMAT,
        settings=settings,
        cases=sum(verdicts.values()),
        verdicts=verdicts,
        files=files,
        versions=versions_at_work(),
    )
    target = folder / f"{settings.split}.manifest.json"
    partial = target.with_name(target.name + _PARTIAL)
    partial.write_text(manifest.to_json(), encoding="utf-8")
    target.unlink(missing_ok=True)
    for name in names:
        (folder / (name + _PARTIAL)).replace(folder / name)
    partial.replace(target)
    return manifest


def versions_at_work() -> dict[str, str]:
    """What a data set's bytes depend on besides its settings."""
    libraries = {name: version(name) for name in ("numpy", "pyarrow", "pydantic")}
    return {"python": platform.python_version(), **libraries}


def described(path: Path, name: str) -> DataSetFile:
    """A file by its size and SHA-256, under the name that a manifest gives it."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return DataSetFile(name, digest.hexdigest(), path.stat().st_size)


def _drop_partials(folder: Path, names: tuple[str, ...]) -> None:
    for path in (*(folder / (name + _PARTIAL) for name in names), *folder.glob(f"*.manifest.json{_PARTIAL}")):
        with suppress(OSError):  # what could not be removed still ends in .partial
            path.unlink(missing_ok=True)
