"""Make text from outside harmless to read: nothing invisible, nothing that could pass for our own markup.

Takes: text that a party wrote. Gives: one line of visible text. Does not: translate, redact or judge it.

What goes: control, format and bidirectional characters, variation selectors, tag and private-use characters,
half surrogates. What becomes a space: line ends, every kind of space, and letters that show nothing. What is
replaced: angle brackets (no tag, no special token can be spelt) and square brackets (the narrative's own marks).
More than four combining marks in a row are cut to four. All else stays as written, in composed form (NFC).
"""

import re
import unicodedata

# Unicode 15: Cc and Cf, variation selectors, default-ignorable and private-use areas, surrogates, non-characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f"
    "\ufeff\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)
_LOOKS_LIKE_MARKUP = str.maketrans("<>[]", "‹›()") | dict.fromkeys(
    map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " "
)
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARK_PILE = re.compile(f"({_MARK}{{4}}){_MARK}+")


def neutral(text: str) -> str:
    """`text` as one harmless line, "" when nothing of it is visible. Applied twice it changes nothing more."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
        text = _MARK_PILE.sub(r"\1", text)
    elif not text.isprintable():
        text = _INVISIBLE.sub("", text)
    # Not a regular expression: a chat of 1 MiB would hold up every other case for a third of a second.
    return " ".join(text.translate(_LOOKS_LIKE_MARKUP).split())
