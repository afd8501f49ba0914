"""Typing habits change how a line looks and never what it says.

Takes: lines and styles. Gives: failures that name the habit.
"""

from random import Random

from marketplace.style import TypingStyle, plain, typed

CARELESS = TypingStyle(
    lower_case=True,
    drops_final_stop=1.0,
    drops_diacritics=True,
    typo=1.0,
    emoji=1.0,
    stretches=1.0,
    splits_lines=0.5,
    emojis=("🙏", "😊", "😅"),
)


def test_diacritics_of_latin_letters_go_and_other_scripts_stay() -> None:
    """Portuguese loses its accents; Chinese, Thai and emoji are untouched."""
    assert plain("Não dá, coração") == "Nao da, coracao"
    assert plain("没货了 ไม่มีของ 🙏") == "没货了 ไม่มีของ 🙏"


def test_numbers_survive_every_slip() -> None:
    """Hours and days in a line are facts: no typing error touches them."""
    for seed in range(200):
        line = typed(Random(seed), "Please wait 48 hours, or until 2026 for order A17.", CARELESS)
        assert "48" in line
        assert "2026" in line


def test_pasted_text_is_not_retyped() -> None:
    """Tags and headings that somebody pastes keep their form."""
    assert typed(Random(1), "<verdict>X.</verdict>", CARELESS) == "<verdict>X.</verdict>"
