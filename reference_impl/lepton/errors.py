"""The errors that the reference implementation raises on purpose.

A violated requirement is never raised: it is a `Finding`. These errors say that the work could not be done.
"""

__all__ = [
    "BindError",
    "LeptonError",
    "NoContainerError",
    "RecipeError",
    "RuntimeRefusal",
    "SourceError",
    "UnsupportedError",
]


class LeptonError(Exception):
    """The work could not be done; the message says found, expected and remedy (exit code 2)."""


class SourceError(LeptonError):
    """A path cannot be read: missing, no permission, neither a package directory nor a package file."""


class NoContainerError(SourceError):
    """Something is at the path, and it is neither a directory nor a file that may be a package."""


class RecipeError(LeptonError):
    """A pack recipe or its source cannot be used."""


class BindError(LeptonError):
    """Tensors do not fit the signature: wrong name, datatype or shape (Spec: PKG-SIG)."""


class RuntimeRefusal(LeptonError):
    """A runtime cannot or must not load this artifact, or failed while computing."""


class UnsupportedError(RuntimeRefusal):
    """This runtime lacks what the artifact needs (an operator, an installed engine): no fault of either."""
