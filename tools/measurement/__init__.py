"""The figures that make a verdict trustworthy, measured: kills, false alarms, reproducers, coverage, speed.

Owns the measuring; leaves judging to `lepton_conformance` and printing to `tools/figures.py`.
"""
