"""`python -m lepton_conformance.mutants`: the kill matrix."""

import sys

from lepton_conformance.mutants.matrix import main

if __name__ == "__main__":
    sys.exit(main())
