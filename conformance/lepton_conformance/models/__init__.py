"""The conformance models: small, exact, one for each thing that a server can get wrong.

Owns their catalogue, their ONNX files (built by code, byte-stable) and their export; leaves what they should
answer to `oracle`.
"""

from lepton_conformance.models.catalog import EXPORTED, MODELS, ConformanceModel, Tensor, model

__all__ = ["EXPORTED", "MODELS", "ConformanceModel", "Tensor", "model"]
