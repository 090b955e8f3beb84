"""How a test of the suite says what it saw.

Owns the exceptions that carry blame; leaves collecting them to the suite's driver. Serves `conformance`.
"""

__all__ = ["AdapterFault", "NotApplicable", "NotTested", "SubjectFault", "SubjectGone"]


class SubjectFault(AssertionError):
    """The subject broke the requirement under test; the message says sent, found, expected."""


class SubjectGone(SubjectFault):
    """The subject crashed, hung beyond the bound, or no longer accepts connections."""


class AdapterFault(Exception):
    """The adapter between suite and subject broke its protocol: nobody's verdict."""


class NotTested(Exception):
    """The test could not run (the subject lacks the model, the datatype): never a pass."""


class NotApplicable(Exception):
    """The requirement does not bind this subject (an undeclared optional capability)."""
