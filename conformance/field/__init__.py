"""Field runs: `lepton certify` on servers that nobody here wrote, and what was found there.

Owns starting, judging and stopping them, and the verified deviations; leaves judging to the command. Not part
of the distribution: run it from a checkout, `make field`. Serves `conformance`.
"""
