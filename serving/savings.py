"""How many tokens the short circuit saved.

Takes: the lengths of whole documents as they are finished. Gives: an estimate for one that was cut.
Does not: know the length that a document would have had; the mean stands in for it.
"""


class DocumentLengths:
    """The running mean of whole documents in tokens; `expected_tokens` (from the model's card) begins it."""

    def __init__(self, expected_tokens: float | None = None) -> None:
        self._tokens = expected_tokens or 0.0
        self._count = 1 if expected_tokens else 0

    def finished(self, tokens: int) -> None:
        """One more whole document."""
        self._tokens += tokens
        self._count += 1

    def saved(self, generated_tokens: int) -> int:
        """Tokens that a document cut after `generated_tokens` did not need; 0 while no whole one was seen."""
        if self._count == 0:
            return 0
        return max(0, round(self._tokens / self._count) - generated_tokens)
