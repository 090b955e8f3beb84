"""Reach the thing under test and record what was said: one transport a module.

Owns the wire on the suite's side, written independently of every implementation; leaves judging to the suite.
"""
