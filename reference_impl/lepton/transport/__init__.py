"""Packages on the move: OCI registries, OCI image layouts, and packages behind https.

Each module owns one step; `reference` says where, `modelpack` what, `http` and `registry` how. Needs the
extra `transport` for everything that opens a connection. Serves the topic PKG-OCI.
"""

from lepton.transport.layout import write_layout

__all__ = ["write_layout"]
