"""Runtimes: load an artifact, compute, and the pre -> model -> post pipeline around it."""
