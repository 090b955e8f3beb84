"""Faults planted in the source of our validator, and whether the profile `package` notices them.

A fault is a change of one module's text, made by a rule (`rules`) or by hand (`patches.toml`). The changed
module is loaded in a process of its own by an import hook, where the adapter of `kits/python` serves it: a
subject like any other. Serves `package`.
"""

__all__: list[str] = []
