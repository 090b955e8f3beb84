"""`python -m sourcefaults.subject ID`: our validator with one fault, behind the stdio protocol.

Owns the program that `lepton certify exec:...` judges.
"""

import sys

from sourcefaults.hook import adapter, altered, validator_of
from sourcefaults.patches import found

__all__ = ["main"]


def main() -> None:
    """Serve until shutdown."""
    fault = found(sys.argv[1])
    altered(fault.texts())
    served = adapter()
    served.serve(validator_of(served, fault.validator))


if __name__ == "__main__":
    main()
