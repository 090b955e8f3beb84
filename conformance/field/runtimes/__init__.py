"""Field runs of runtimes: `lepton certify` on engines that nobody here wrote, behind the adapters of `kits/`.

Owns installing, judging and the verified deviations; leaves judging to the command. Not part of the
distribution: run it from a checkout, `make field-runtimes`. Serves `runtime`.
"""
