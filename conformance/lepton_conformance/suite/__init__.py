"""The tests of the conformance suite, one module a clause group; each cites its requirement.

Owns the tests, their marks and their driver; leaves reaching the subject to `subject`, expected answers to
`oracle` and verdicts to `verdict`. The modules are pytest files that only `lepton_conformance.certify` runs.
"""
