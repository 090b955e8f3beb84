"""What the answer should be, and how far from it is still right.

Owns expected values and their comparison; computes them with numpy and exact arithmetic, never by asking an
implementation under test.
"""
