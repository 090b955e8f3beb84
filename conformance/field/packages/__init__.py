"""The field runs of packages: what other people's tools make of ours, and ours of theirs.

Owns the topics and their table; each topic is a module with `run(folder) -> list[Line]`. Serves `package`.
"""
