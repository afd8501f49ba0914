"""The model's tokenizer, made safe for hostile text.

Takes: a `tokenizer.json` (byte-level BPE with Llama 3's special tokens). Gives: ids of plain text that never hold a
special token, and the ids of special tokens by name. Does not: know templates, or import transformers or torch.

`tokenizers` forgets `encode_special_tokens` on every save, load and pickle, and then reads `<|eot_id|>` in a chat
message as the end of the turn. So the flag is set in the one constructor that every way in passes through.
"""

import re
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

from cases.errors import ModelFileError
from prompts.tokenizer_spec import SPECIAL_TOKEN_FORM, SPECIAL_TOKENS

_FORM: Final = re.compile(SPECIAL_TOKEN_FORM)


class PromptTokenizer:
    """Text to ids and back; safe to share between threads, to copy and to pickle."""

    def __init__(self, tokenizer_json: str) -> None:
        """Build from the content of a `tokenizer.json`.

        Raises ModelFileError when it does not parse, lacks a special token of Llama 3, or has an added token that
        could match inside ordinary text.
        """
        try:
            inner = Tokenizer.from_str(tokenizer_json)
        except Exception as error:  # the Rust extension raises the bare class; raised again
            raise ModelFileError(f"not a tokenizer.json: {error}") from error
        inner.no_truncation()
        inner.no_padding()
        inner.encode_special_tokens = True
        self._inner: Any = inner
        self._special = _special_ids(inner)
        self._special_set = frozenset(self._special.values())

    @classmethod
    def load(cls, tokenizer_json: Path) -> "PromptTokenizer":
        """Read the file `tokenizer_json`; raises ModelFileError when it is missing or not fit."""
        try:
            content = tokenizer_json.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelFileError(f"{tokenizer_json}: cannot be read: {error}") from error
        try:
            return cls(content)
        except ModelFileError as error:
            raise ModelFileError(f"{tokenizer_json}: {error}") from error

    def __reduce__(self) -> tuple[type["PromptTokenizer"], tuple[str]]:
        # Pickle and copy go through the constructor, so the flag is set again.
        return type(self), (self._inner.to_str(),)

    def encode_text(self, text: str) -> list[int]:
        """Ids of `text`, none of them special whatever it spells; lone surrogates are read as U+FFFD."""
        return self._checked(self._encoding(text).ids)

    def encode_ends(self, text: str, first_tokens: int, last_tokens: int) -> tuple[list[int], list[int]]:
        """Ids of the start and the end of `text`, at most that many each, never cut inside a character.

        The two do not overlap only if `text` is longer than both together; the caller asks for no shorter text.
        """
        encoding = self._encoding(text)
        ids, offsets = self._checked(encoding.ids), encoding.offsets
        stop = min(first_tokens, len(ids))
        while 0 < stop < len(ids) and offsets[stop][0] < offsets[stop - 1][1]:
            stop -= 1
        start = max(len(ids) - last_tokens, 0)
        while 0 < start < len(ids) and offsets[start][0] < offsets[start - 1][1]:
            start += 1
        return ids[:stop], ids[start:]

    def special_id(self, token: str) -> int:
        """The id of the special token written `token`; raises KeyError when there is none of that name."""
        return self._special[token]

    def decode(self, ids: list[int]) -> str:
        """The text of `ids`, special tokens written out."""
        return str(self._inner.decode(ids, skip_special_tokens=False))

    @property
    def special_ids(self) -> frozenset[int]:
        """Every id that `encode_text` never gives."""
        return self._special_set

    @property
    def vocab_size(self) -> int:
        """How many ids there are, special tokens included."""
        return int(self._inner.get_vocab_size(with_added_tokens=True))

    def _encoding(self, text: str) -> Any:
        try:
            return self._inner.encode(text, add_special_tokens=False)
        except TypeError:  # what `tokenizers` raises for a string that has no UTF-8 form
            mended = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            return self._inner.encode(mended, add_special_tokens=False)

    def _checked(self, ids: list[int]) -> list[int]:
        if not self._special_set.isdisjoint(ids):
            raise ModelFileError("the tokenizer gave a special token for plain text: its merges spell one")
        return ids


def _special_ids(inner: Any) -> dict[str, int]:
    added = {
        token.content: (token_id, token.special)
        for token_id, token in inner.get_added_tokens_decoder().items()
    }
    unsafe = sorted(
        content for content, (_, special) in added.items() if not special or not _FORM.fullmatch(content)
    )
    if unsafe:
        raise ModelFileError(
            f"added tokens that could match in plain text: {', '.join(map(repr, unsafe[:5]))}"
        )
    missing = [token for token in SPECIAL_TOKENS if token not in added]
    if missing:
        raise ModelFileError(f"special tokens missing: {', '.join(missing)}")
    return {content: token_id for content, (token_id, _) in added.items()}
