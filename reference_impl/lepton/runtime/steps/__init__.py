"""The registered operators, one family a module; `lepton.runtime.processing` has the table of them."""

from lepton.runtime.steps.operation import Apply, Operation, Setting, UnfitError

__all__ = ["Apply", "Operation", "Setting", "UnfitError"]
