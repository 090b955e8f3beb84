"""The server: the Open Inference Protocol over REST, with JSON and binary tensors, on any pipeline."""

from lepton.serve.repository import Repository, ServedModel

__all__ = ["Repository", "ServedModel"]
