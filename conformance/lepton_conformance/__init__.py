"""The Lepton conformance suite: certify runtimes and servers that other people wrote.

Never imports `lepton`: the two share `lepton_spec`, which is data.
"""
