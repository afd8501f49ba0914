"""Language packs: the shipped ones are whole, and every fault of a pack is named.

Takes: the shipped packs, and small ones written for the test. Gives: failures that name the language and the fault.
"""

import shutil
from pathlib import Path

import pytest

from cases.errors import ConfigError
from marketplace.acts import FAMILIES, Act
from marketplace.market_facts import language_of_every_market
from marketplace.packs import PACKS, held_out_wordings, load_pack

LANGUAGES = language_of_every_market()


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_packs_word_every_act_in_both_splits(language: str) -> None:
    """Every act has wordings for training and others, of a quarter of all, for the test split."""
    pack = load_pack(language)
    for act in Act:
        train, held_out = pack.wordings(act, held_out=False), pack.wordings(act, held_out=True)
        assert len(train) >= 4, act
        assert len(held_out) == -(-(len(train) + len(held_out)) // 4), act
        assert not set(train) & set(held_out), act


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_week_has_seven_days(language: str) -> None:
    """The simulator names weekdays by number, Monday first."""
    assert len(load_pack(language).slots["weekday"]) == 7


def test_families_hold_every_act_once() -> None:
    """Each act lives in one file, and its prefix fits who may utter it."""
    listed = [act for acts in FAMILIES.values() for act in acts]
    assert sorted(listed) == sorted(Act)
    assert all(act.senders for act in Act)


def test_held_out_wordings_are_the_lowest_hashes() -> None:
    """The split is a function of act and wording alone: adding a wording moves no other into it but at the edge."""
    wordings = tuple(f"wording {n}" for n in range(9))
    first = held_out_wordings(Act.S_ACK, wordings)
    assert len(first) == 3
    assert first == held_out_wordings(Act.S_ACK, tuple(reversed(wordings)))
    assert first != held_out_wordings(Act.S_GREETING, wordings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packs that a test may spoil."""
    shutil.copytree(PACKS, tmp_path / "packs")
    return tmp_path / "packs"


@pytest.mark.parametrize(
    ("file", "extra", "fault"),
    [
        ("seller_talk.toml", '[s_shrug]\nwordings = ["a", "b"]\n', "unknown act s_shrug"),
        ("slots.toml", 'planet = ["Mars"]\n', "unknown slot planet"),
        ("seller_talk.toml", "[[", "seller_talk.toml"),
    ],
)
def test_a_fault_in_a_pack_is_named(folder: Path, file: str, extra: str, fault: str) -> None:
    """An unknown act, an unknown slot and a broken file."""
    path = folder / "en-SG" / file
    path.write_text(path.read_text(encoding="utf-8") + extra, encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
        load_pack("en-SG", folder)


def test_a_wording_in_two_places_is_named(folder: Path) -> None:
    """Case and spaces aside, a wording stands once in a pack: twice would be a leak between the splits."""
    path = folder / "en-SG" / "buyer_talk.toml"
    text = path.read_text(encoding="utf-8").replace(
        "[b_thanks]\nwordings = [", '[b_thanks]\nwordings = [\n "STILL  want?",'
    )
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="repeats a wording of s_ask_still_want"):
        load_pack("en-SG", folder)


def test_a_missing_file_and_a_missing_language_are_named(folder: Path) -> None:
    """All faults come in one message."""
    (folder / "en-SG" / "buyer_talk.toml").unlink()
    with pytest.raises(ConfigError, match=r"buyer_talk.toml is missing.*b_greeting needs a list of wordings"):
        load_pack("en-SG", folder)
    with pytest.raises(ConfigError, match="language pack xx-XX"):
        load_pack("xx-XX", folder)
