"""The messages of `inference.proto` as Python classes, made at run time from the published descriptors.

Owns the descriptor pool; leaves reading and writing tensors to the other `grpc_` modules. The pool is this
module's own: other libraries register the same names in protobuf's default one. Serves `inference` (INF-GRP).
"""

import functools
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import lepton_spec

__all__ = ["SERVICE", "descriptors", "message"]

SERVICE = "inference.GRPCInferenceService"

_DESCRIPTORS = "inference.binpb"


@functools.cache
def descriptors() -> descriptor_pool.DescriptorPool:
    """Return a pool with the messages and the service of `inference.proto`."""
    pool = descriptor_pool.DescriptorPool()
    octets = lepton_spec.path(_DESCRIPTORS).read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(octets).file:
        pool.Add(file)
    return pool


@functools.cache
def message(name: str) -> Any:
    """Return the class of a message, `ModelInferRequest` for example."""
    return message_factory.GetMessageClass(descriptors().FindMessageTypeByName(f"inference.{name}"))
