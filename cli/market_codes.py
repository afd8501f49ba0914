"""Market codes as a command line names them.

Takes: text like `SG,ID,BR`. Gives: a tuple of codes. Does not: know which markets there are.
"""


def market_codes(text: str) -> tuple[str, ...]:
    """The codes between the commas, in order, blanks left out."""
    return tuple(code.strip() for code in text.split(",") if code.strip())
