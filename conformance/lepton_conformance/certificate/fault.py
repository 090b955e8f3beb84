"""Why a certificate was not made or does not hold.

Owns the errors and their exit codes; leaves printing to the commands. Serves CNF-EXI-01.
"""

__all__ = ["CertificateError", "Inconclusive", "Refusal"]


class CertificateError(Exception):
    """The work could not be done: a file is missing or a key cannot be used."""

    exit_code = 2


class Refusal(CertificateError):
    """The certificate does not hold, or the report does not deserve one; the message says found and
    expected."""

    exit_code = 1


class Inconclusive(CertificateError):
    """Nothing failed, but the report leaves an obligation of the profile untested."""

    exit_code = 3
