"""What is written down of a measurement: looks at the golden cases, and cases made as long as others.

Takes: temporary files, small cases. Gives: failures. Asks no model.
"""

from pathlib import Path

import pytest

from cases.case import Case, parse_case
from cases.errors import ConfigError
from cases.market import Markets
from cases.narrative import narrate
from eval.golden_looks import Look, append_looks
from eval.lengths import cases_of_lengths
from tests.fixtures.case_records import at, small_case


def test_every_look_is_a_row_with_date_commit_and_interval(tmp_path: Path) -> None:
    """Rows go to the end of the table, in order, and cannot break it."""
    path = tmp_path / "looks.md"
    path.write_text(
        "# Looks\n\n| date | commit | what | n | figure |\n|---|---|---|---|---|\n", encoding="utf-8"
    )
    append_looks(
        [Look("accuracy, all | markets", 126, "61.1 % (52.4 to 69.2)"), Look("second", 3, "-")], path
    )
    *_, first, second = path.read_text(encoding="utf-8").splitlines()
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    assert cells[2:] == ["accuracy, all / markets", "126", "61.1 % (52.4 to 69.2)"]
    assert len(cells[0]) == len("2025-01-01")
    assert "second" in second


def test_a_look_cannot_go_unwritten(tmp_path: Path) -> None:
    """Without the list there is no look."""
    with pytest.raises(ConfigError, match="written down"):
        append_looks([Look("accuracy", 1, "-")], tmp_path / "absent.md")


def _pool(markets: Markets) -> list[Case]:
    words = ["when?", "hello, when will it ship please", "soon", "still waiting here"]
    return [
        parse_case(
            small_case(
                case_id=f"c-{number}",
                chat=[
                    {"at": at(-10 - line), "sender": "buyer", "text": words[(number + line) % 4]}
                    for line in range(number % 3 + 1)
                ],
            ),
            markets=markets,
        )
        for number in range(6)
    ]


def _words(case: Case) -> int:
    return len(narrate(case).text.split())


def test_cases_are_made_as_long_as_wanted(markets: Markets) -> None:
    """Never longer, at most one message shorter, each from another case, and with the same order times."""
    pool = _pool(markets)
    shortest = min(_words(case) for case in pool)
    wanted = [shortest + 30, shortest + 5, shortest + 60]
    made = cases_of_lengths(wanted, pool, _words)
    assert [goal - _words(case) for case, goal in zip(made, wanted, strict=True)] == pytest.approx(
        [4, 4, 4], abs=4
    )
    assert len({case.case_id for case in made}) == 3
    assert all(
        message.at is not None and message.at <= case.order.cancelled_at
        for case in made
        for message in case.chat or ()
    )


def test_a_pool_that_is_too_small_is_refused(markets: Markets) -> None:
    """Every length needs a case of its own."""
    with pytest.raises(ConfigError, match="pool of 6"):
        cases_of_lengths([1] * 7, _pool(markets), _words)
