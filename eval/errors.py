"""What can go wrong while measuring.

Takes: what was not answered. Gives: one error class. Does not: raise it.

    VerdictError
    └── NotAnsweredError   the operator: a figure would rest on answers that the model did not give
"""

from cases.errors import VerdictError


class NotAnsweredError(VerdictError):
    """A case that has to count was not answered by the model; the message says which and how it ended."""
