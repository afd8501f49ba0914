"""The answers of a batch on disk: whole in the end, and never lost on the way.

Takes: rows as they are answered. Gives: one file in input order, and what earlier runs answered already.
Does not: ask for anything, or hold answers in memory (about 200 bytes a row: its hash, and where its answer is).

Finished rows go at once to a journal, `OUT.part`, one line each, in the order in which they finish. At the end the
answers are copied in input order to a file beside the target, which is then moved over it. A run that was killed leaves
its journal; the next one goes on from there, without the line that was cut short.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, Self

from client.errors import BatchFileError
from client.results import BatchSummary, ResultRow, WrittenRow

FAULTS_TOLD: Final = 20


class Journal:
    """The answers of this run and of earlier ones, by the hash of their input. Made by `opened`."""

    def __init__(self, target: Path, journal: BinaryIO, written: BinaryIO) -> None:
        self._target = target
        self._journal = journal
        self._written = written
        self._places: dict[bytes, tuple[BinaryIO, int]] = {}

    @classmethod
    @contextmanager
    def opened(cls, target: Path) -> Iterator[Self]:
        """The journal of `target`, locked. Raises BatchFileError: a file is not ours, is in use, cannot be written."""
        path = journal_path(target)
        with ExitStack() as files:
            with _told(path):
                journal = files.enter_context(path.open("ab", buffering=0))
                _lock(journal, path)
                files.callback(_remove_if_empty, journal, path)
                opened = cls(target, journal, files.enter_context(path.open("rb")))
                opened._read_journal()
            with _told(target):
                if target.exists():
                    opened._read_earlier(files.enter_context(_open_earlier(target)))
            yield opened

    def __contains__(self, input_sha256: str) -> bool:
        return bytes.fromhex(input_sha256) in self._places

    def add(self, row: ResultRow) -> None:
        """Write an answer down; once this returns, killing the process does not lose it. Raises BatchFileError."""
        line = row.to_line()
        with _told(journal_path(self._target)):
            begin, written = self._journal.tell(), 0
            while written < len(line):  # a full disk takes a part first
                written += self._journal.write(line[written:])
        self._places[bytes.fromhex(row.input_sha256)] = (self._written, begin)

    def publish(self, order: Iterable[bytes]) -> BatchSummary:
        """Write the target, whole, with the answers of these inputs in this order; the journal goes."""
        fresh = _fresh_path(self._target)
        try:
            with _told(fresh), fresh.open("wb") as out:
                summary = self._copy(order, out)
                out.flush()
                os.fsync(out.fileno())
        except BatchFileError:
            with suppress(OSError):  # the trouble to tell of is the first one
                fresh.unlink()
            raise
        with _told(self._target):
            fresh.replace(self._target)
            journal_path(self._target).unlink(missing_ok=True)
        return summary

    def _copy(self, order: Iterable[bytes], out: BinaryIO) -> BatchSummary:
        rows = answered = degraded = 0
        faults: list[WrittenRow] = []
        for key in order:
            line = self._line(key)
            row = WrittenRow.read(line)
            if row is None:
                raise BatchFileError(f"{self._target}: an answer was changed while it was read; run again")
            out.write(line.removesuffix(b"\n") + b"\n")  # an editor may have dropped the last line's end
            rows += 1
            answered += row.good
            degraded += row.degraded
            if not row.good and len(faults) < FAULTS_TOLD:
                faults.append(row)
        return BatchSummary(rows, answered, degraded, tuple(faults))

    def _line(self, key: bytes) -> bytes:
        file, begin = self._places[key]
        file.seek(begin)
        return file.readline()

    # --- what earlier runs left -----------------------------------------------------------------------

    def _read_journal(self) -> None:
        begin = 0
        for line in self._written:
            if not line.endswith(b"\n"):
                break
            row = WrittenRow.read(line)
            if row is not None:
                self._keep(row, self._written, begin)
            begin += len(line)
        self._journal.truncate(begin)  # the line that a kill cut short
        self._journal.seek(begin)

    def _read_earlier(self, earlier: BinaryIO) -> None:
        begin = 0
        for number, line in enumerate(earlier, 1):
            row = WrittenRow.read(line)
            if row is None:
                fault = f"line {number} is not the answer of an earlier run"
                raise BatchFileError(f"{self._target}: {fault}; move the file away, or choose another")
            self._keep(row, earlier, begin)
            begin += len(line)

    def _keep(self, row: WrittenRow, file: BinaryIO, begin: int) -> None:
        if row.good:  # whatever went wrong is asked again
            self._places[row.key] = (file, begin)


def written_paths(target: Path) -> tuple[Path, ...]:
    """Every path that a batch writes, or moves over."""
    return target, journal_path(target), _fresh_path(target)


def _fresh_path(target: Path) -> Path:
    return target.with_name(target.name + ".new")


def journal_path(target: Path) -> Path:
    """Where finished rows wait until all are there."""
    return target.with_name(target.name + ".part")


def _open_earlier(target: Path) -> BinaryIO:
    if not target.is_file():  # to be replaced: never a device
        raise BatchFileError(f"{target}: not a file that can be replaced; choose another")
    return target.open("rb")


def _remove_if_empty(journal: BinaryIO, path: Path) -> None:
    if not os.fstat(journal.fileno()).st_size:
        path.unlink(missing_ok=True)


def _lock(journal: BinaryIO, path: Path) -> None:
    """Keep other runs away from this journal for as long as it is open."""
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BatchFileError(f"{path}: another run writes here") from error
    if not os.fstat(journal.fileno()).st_nlink:
        raise BatchFileError(f"{path}: another run has just finished here; run again")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BatchFileError(f"{path}: {error.strerror}") from error
