"""Servers and runtimes broken on purpose, one fault each, beside the correct ones that they are made of.

Owns a small independent server of the Open Inference Protocol (`naive`), a small runtime, and the faults;
leaves judging them to the suite. They measure it: a test that kills no mutant has not been seen to fail.
Serves every chapter that the suite tests.
"""
