"""Signatures of packages: the bundles of OpenSSF Model Signing, made and verified.

Reading bundles takes nothing but `lepton.package`; keys and mathematics take `cryptography`. Serves the topic
PKG-SGN.
"""
