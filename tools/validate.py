#!/usr/bin/env python3
"""A door to `lepton validate` for a checkout: the same arguments, the same exit codes.

Owns nothing; leaves everything to `lepton.cli`.
"""

import sys

from lepton.cli import main

if __name__ == "__main__":
    sys.exit(main(["validate", *sys.argv[1:]]))
