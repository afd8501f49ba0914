"""How a person types: casing, punctuation, diacritics, typing errors, emoji.

Takes: a line and a `TypingStyle`. Gives: the line as that person would have typed it. Does not: choose words;
digits, slots already filled and scripts without letter case pass unharmed.
"""

import unicodedata
from dataclasses import dataclass
from random import Random

from cases.case import Sender
from marketplace.traits import BuyerTraits, SellerTraits

_SELLER_EMOJI = ("🙏", "😊", "🥺", "😅", "❤️", "👍", "😭", "✨", "🤗")
_BUYER_EMOJI = ("😅", "😭", "🙏", "😡", "😂", "👍", "🙄", "😢", "🥲")
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi",
    "v": "cb", "w": "qe", "y": "tu",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TypingStyle:
    """Habits of one person; shares are in [0, 1]."""

    lower_case: bool
    drops_final_stop: float
    drops_diacritics: bool
    typo: float  # a word
    emoji: float  # a turn
    stretches: float
    splits_lines: float
    emojis: tuple[str, ...]


_STROKED = str.maketrans("đĐ", "dD")  # no diacritic to Unicode, and typed without it all the same


def typing_style(rng: Random, person: SellerTraits | BuyerTraits) -> TypingStyle:
    """The habits of a seller or buyer: formal people keep case and stops, careless ones slip."""
    seller = isinstance(person, SellerTraits)
    careless = 1.0 - person.typing_care
    return TypingStyle(
        lower_case=rng.random() < 0.62 - 0.5 * person.formality,
        drops_final_stop=0.9 - 0.6 * person.formality,
        drops_diacritics=rng.random() < 0.2 + 0.45 * careless,
        typo=0.03 * careless * careless,
        emoji=0.3 * person.emoji if seller else 0.18 * person.emoji,
        stretches=0.05 * (1.0 - person.formality),
        splits_lines=0.15 + 0.5 * rng.random(),
        emojis=tuple(rng.sample(_SELLER_EMOJI if seller else _BUYER_EMOJI, 3)),
    )


def typed(rng: Random, text: str, style: TypingStyle) -> str:
    """`text` as a person of that style types it."""
    if text[:1] in "<[#{":  # pasted, not typed
        return text
    if style.lower_case:
        text = text.lower()
    if text.endswith(".") and not text.endswith("..") and rng.random() < style.drops_final_stop:
        text = text[:-1]
    if style.drops_diacritics:
        text = plain(text)
    if style.typo and rng.random() < style.typo * 8.0:
        text = _typo(rng, text)
    if rng.random() < style.stretches:
        text = _stretched(rng, text)
    if rng.random() < style.emoji:
        text = f"{text} {rng.choice(style.emojis)}"
    return text


def plain(text: str) -> str:
    """`text` without the diacritics of Latin letters ("não" becomes "nao", "đơn" becomes "don")."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text).translate(_STROKED)
    kept = [
        c for i, c in enumerate(decomposed) if not (unicodedata.combining(c) and _after_latin(decomposed, i))
    ]
    return unicodedata.normalize("NFC", "".join(kept))


def _after_latin(text: str, index: int) -> bool:
    while index > 0 and unicodedata.combining(text[index]):
        index -= 1
    return text[index].isascii() and text[index].isalpha()


def _typo(rng: Random, text: str) -> str:
    """One slip of the thumb in a word of five letters or more; numbers stay true."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= 5 and word.isalpha() and word.isascii()]
    if not long:
        return text
    index = rng.choice(long)
    word = words[index]
    at = rng.randrange(1, len(word) - 1)
    slip = rng.random()
    if slip < 0.35:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif slip < 0.65:
        word = word[:at] + word[at + 1 :]
    elif slip < 0.8:
        word = word[:at] + word[at] + word[at:]
    else:
        word = word[:at] + rng.choice(_NEIGHBOURS.get(word[at].lower(), word[at])) + word[at + 1 :]
    words[index] = word
    return " ".join(words)


def _stretched(rng: Random, text: str) -> str:
    last = text[-1]
    if last.isascii() and last.isalpha() and last.lower() in "aeiouhy":
        return text + last * rng.randint(1, 3)
    if last in "?!":
        return text + last * rng.randint(1, 2)
    return text


def emoji_only(rng: Random, sender: Sender) -> str:
    """A line that is nothing but emoji."""
    return rng.choice(_SELLER_EMOJI if sender is Sender.SELLER else _BUYER_EMOJI) * rng.choice((1, 1, 2, 3))
