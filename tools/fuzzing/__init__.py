"""Fuzzing: every reader of bytes from strangers, fed with what nobody would write.

Owns the targets, the changes that make new inputs of old ones, and the loop around `atheris`. A target asks
more than "no crash": errors are the project's own, reading twice says the same, and where another program
reads the same format, both read the same. What was found once stays in tests/fuzz/corpus and is replayed by
the tests.
"""
