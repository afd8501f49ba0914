"""The answers of a batch on disk: what survives, what is asked again, what is never overwritten."""

import hashlib
import json
import os
import random
from pathlib import Path

import pytest

from cases.stream import DecisionEvent, ProblemEvent
from client.errors import BatchFileError
from client.journal import FAULTS_TOLD, Journal, journal_path
from client.results import ResultRow, WrittenRow


def _sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _keys(*names: str) -> list[bytes]:
    return [bytes.fromhex(_sha(name)) for name in names]


def _answered(name: str, reasoning: str = "It was late.", *, degraded: bool = False) -> ResultRow:
    decision = DecisionEvent.model_validate(
        {
            "decision_id": f"d-{name}",
            "status": "complete",
            "case_id": name,
            "market": "SG",
            "reasoning": reasoning,
            "degraded": degraded,
            "created_at": "2025-03-01T00:00:00Z",
        }
    )
    return ResultRow(case_id=name, input_sha256=_sha(name), status="complete", decision=decision)


def _failed(name: str) -> ResultRow:
    return ResultRow(
        case_id=name, input_sha256=_sha(name), status="failed", problem=ProblemEvent(title="Down")
    )


def _lines(path: Path) -> list[str]:
    return [json.loads(line)["case_id"] for line in path.read_bytes().splitlines()]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the answers go."""
    return tmp_path / "answers.jsonl"


def test_answers_are_published_in_input_order(target: Path) -> None:
    """However they finished, the file has one line a row in the order asked for, and the journal is gone."""
    with Journal.opened(target) as journal:
        for name in ("c", "a", "b"):
            journal.add(_answered(name))
            assert not target.exists()
        summary = journal.publish(_keys("a", "b", "c", "a"))
    assert _lines(target) == ["a", "b", "c", "a"]
    assert (summary.rows, summary.answered, summary.failed) == (4, 4, 0)
    assert list(target.parent.iterdir()) == [target]


def test_what_was_added_survives_without_publishing(target: Path) -> None:
    """A run that dies leaves its journal; the next one knows these answers and does not ask for them."""
    with Journal.opened(target) as journal:
        journal.add(_answered("a"))
        journal.add(_failed("b"))
    with Journal.opened(target) as journal:
        assert _sha("a") in journal
        assert _sha("b") not in journal  # failed: asked again
        journal.add(_answered("b"))
        summary = journal.publish(_keys("a", "b"))
    assert summary.answered == 2


def test_a_published_file_is_known_again(target: Path) -> None:
    """A finished result file is the memory of the next run, too; what failed in it is asked again."""
    with Journal.opened(target) as journal:
        journal.add(_answered("a"))
        journal.add(_failed("b"))
        journal.publish(_keys("a", "b"))
    before = target.read_bytes().splitlines()[0]
    with Journal.opened(target) as journal:
        assert (_sha("a") in journal, _sha("b") in journal) == (True, False)
        journal.add(_answered("b"))
        journal.publish(_keys("b", "a"))
    assert target.read_bytes().splitlines()[1] == before


@pytest.mark.parametrize("seed", range(5))
def test_a_journal_cut_anywhere_keeps_every_whole_line(target: Path, seed: int) -> None:
    """Cut at any byte, as by a kill or a power cut, it loses the last line at most, and can be written on."""
    names = [f"case-{n}" for n in range(6)]
    with Journal.opened(target) as journal:
        for name in names:
            journal.add(_answered(name))
    path = journal_path(target)
    written = path.read_bytes()
    cut = random.Random(seed).randrange(1, len(written))
    path.write_bytes(written[:cut])
    whole = written[:cut].count(b"\n")
    with Journal.opened(target) as journal:
        assert [_sha(name) in journal for name in names] == [n < whole for n in range(6)]
        for name in names[whole:]:
            journal.add(_answered(name))
        assert journal.publish(_keys(*names)).answered == 6
    assert _lines(target) == names


def test_line_separators_in_a_text_do_not_split_a_line(target: Path) -> None:
    """A reasoning with a Unicode line separator is read back whole."""
    with Journal.opened(target) as journal:
        journal.add(_answered("a", reasoning="one\u2028two\u0085three"))
    with Journal.opened(target) as journal:
        assert _sha("a") in journal
        journal.publish(_keys("a"))
    assert json.loads(target.read_bytes())["decision"]["reasoning"] == "one\u2028two\u0085three"


def test_a_file_that_is_not_ours_is_never_overwritten(target: Path) -> None:
    """A target with other content is refused, named with the line, and stays as it is."""
    target.write_bytes(_answered("a").to_line() + b'{"case_id": "x", "market": "SG"}\n')
    before = target.read_bytes()
    with (
        pytest.raises(BatchFileError, match=r"answers\.jsonl: line 2 is not the answer"),
        Journal.opened(target),
    ):
        pass
    assert target.read_bytes() == before
    assert not journal_path(target).exists()


def test_two_runs_do_not_share_a_journal(target: Path) -> None:
    """A second run with the same target is told so while the first is at work."""
    with Journal.opened(target) as journal:
        journal.add(_answered("a"))
        with pytest.raises(BatchFileError, match="another run"), Journal.opened(target):
            pass
        assert journal.publish(_keys("a")).answered == 1


@pytest.mark.parametrize("place", ["missing-folder/answers.jsonl", "cases.txt/answers.jsonl", "folder"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    """A missing folder, a file in the place of one, or a folder as target: a clear error before anything is asked."""
    (tmp_path / "cases.txt").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BatchFileError, match=Path(place).name), Journal.opened(tmp_path / place):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cases.txt", "folder"]


def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    """What is not an ordinary file is not moved over."""
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(BatchFileError, match="not a file that can be replaced"),
        Journal.opened(tmp_path / "pipe"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_failed_publishing_keeps_the_journal(target: Path) -> None:
    """When the result cannot be written, the answers stay in the journal and no half file lies about."""
    (target.parent / "answers.jsonl.new").mkdir()  # in the way of the file to write
    with Journal.opened(target) as journal:
        journal.add(_answered("a"))
        with pytest.raises(BatchFileError, match=r"answers\.jsonl\.new: Is a directory"):
            journal.publish(_keys("a"))
    with Journal.opened(target) as journal:
        assert _sha("a") in journal


def test_a_run_that_wrote_nothing_leaves_nothing(target: Path) -> None:
    """An empty journal is not left behind."""
    with Journal.opened(target):
        pass
    assert list(target.parent.iterdir()) == []


def test_the_summary_counts_and_shows_the_first_faults(target: Path) -> None:
    """Answered, degraded and failed rows are counted; of many faults the first in input order are shown."""
    failing = [f"f-{n}" for n in range(FAULTS_TOLD + 5)]
    with Journal.opened(target) as journal:
        for name in reversed(failing):
            journal.add(_failed(name))
        journal.add(_answered("a", degraded=True))
        summary = journal.publish(_keys("a", *failing))
    assert (summary.rows, summary.answered, summary.degraded) == (26, 1, 1)
    assert [row.case_id for row in summary.faults] == failing[:FAULTS_TOLD]


def test_an_empty_batch_is_an_empty_file(target: Path) -> None:
    """No cases, no answers: still a file that says so."""
    with Journal.opened(target) as journal:
        assert journal.publish([]).rows == 0
    assert target.read_bytes() == b""


def test_a_row_is_read_back_only_when_it_is_one() -> None:
    """Foreign JSON, half a line and a hash that is none are not rows; a `complete` without decision is not good."""
    for line in (b"", b"{", b"[]", b"{}", b'{"case_id":"a","input_sha256":"zz","status":"complete"}'):
        assert WrittenRow.read(line) is None
    hollow = WrittenRow.read(
        json.dumps({"case_id": "a", "input_sha256": _sha("a"), "status": "complete"}).encode()
    )
    assert hollow is not None
    assert not hollow.good


def test_a_lost_last_line_end_joins_no_lines(target: Path) -> None:
    """An editor that saved the file without its last line end does not make two answers one."""
    target.write_bytes(_answered("a").to_line() + _answered("b").to_line().rstrip(b"\n"))
    with Journal.opened(target) as journal:
        journal.publish(_keys("b", "a"))
    assert _lines(target) == ["b", "a"]
