"""The configured markets, and what a bad configuration is answered with.

Takes: the repository's files and small ones written here. Gives: failures that name the file. Does not start anything.
"""

from pathlib import Path

import pytest

from cases.errors import CaseError, ConfigError
from cases.market import Markets, load_markets

NINE = ["BR", "ID", "MX", "MY", "PH", "SG", "TH", "TW", "VN"]
TENTH = """\
code = "KR"
name = "South Korea"
languages = ["ko-KR"]
currency = "KRW"
utc_offset = "+09:00"
"""


def test_nine_markets_are_configured(markets: Markets) -> None:
    """Every file of the folder loads, with three classes, the uncertified thresholds and notes for the prompt."""
    assert list(markets) == NINE
    assert {market.classes for market in markets.values()} == {3}
    assert {(m.thresholds.penalise, m.thresholds.investigate) for m in markets.values()} == {(0.95, 0.45)}
    assert all(0 < len(market.notes.split()) <= 60 for market in markets.values())


def test_a_tenth_market_is_one_file(tmp_path: Path) -> None:
    """Five keys make a market; the rest has defaults."""
    (tmp_path / "KR.toml").write_text(TENTH, encoding="utf-8")
    markets = load_markets(tmp_path)
    assert list(markets) == ["KR"]
    assert markets["KR"].label_mass_floor == 0.5


def test_an_unknown_code_names_the_field_and_the_choice(markets: Markets) -> None:
    """Asking for an unknown market is the caller's fault at /market; the mapping still answers `in` and `get`."""
    with pytest.raises(CaseError) as caught:
        markets["XX"]
    (problem,) = caught.value.problems
    assert problem.pointer == "/market"
    assert ", ".join(NINE) in problem.message
    assert "XX" not in markets
    assert markets.get("XX") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code = ", "not a TOML file"),
        (TENTH.replace('"KR"', '"JP"'), "JP.toml"),
        (TENTH + 'colour = "red"\n', "colour"),
        (TENTH.replace("+09:00", "9"), "utc_offset"),
        (TENTH + "classes = 4\n", "classes"),
        (TENTH + f'notes = "{"word " * 61}"\n', "60 words"),
        (TENTH + "[thresholds]\npenalise = 0.4\ninvestigate = 0.5\n", "investigate"),
        (TENTH + "[thresholds]\npenalise = 1.4\n", "penalise"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(text: str, said: str, tmp_path: Path) -> None:
    """A configuration that does not hold together is the operator's to mend, and the message says where."""
    (tmp_path / "KR.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"KR\.toml") as caught:
        load_markets(tmp_path)
    assert said in str(caught.value)


def test_a_folder_without_markets_is_a_fault(tmp_path: Path) -> None:
    """No market at all is never what an operator meant."""
    with pytest.raises(ConfigError, match="no market is configured"):
        load_markets(tmp_path)
