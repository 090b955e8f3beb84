"""The compiled form of the gRPC service: `inference.binpb`, made from `inference.proto`.

Owns the compilation; leaves what the service means to the chapter inference. Both sides of the repository
build their message classes from the compiled form, so neither needs generated code or a compiler.
"""

import tempfile
from pathlib import Path

from specification.problem import Problem

__all__ = ["DESCRIPTORS", "SERVICE", "compile_service"]

SERVICE = "inference.proto"
DESCRIPTORS = "inference.binpb"


def compile_service(directory: Path, file: str, problems: list[Problem]) -> bytes | None:
    """Return the service in `directory`, compiled: a serialised FileDescriptorSet.

    None when there is none, or when it is faulty. `file` is the path by which a problem names it.
    """
    if not (directory / SERVICE).is_file():
        return None
    # Imported here: the compiler is large, and a standard without a service needs none.
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / DESCRIPTORS
        # The first argument is the program's name, which the compiler passes over.
        arguments = ["protoc", f"--proto_path={directory}", f"--descriptor_set_out={output}", SERVICE]
        if protoc.main(arguments) == 0:
            return output.read_bytes()
    problems.append(
        Problem(
            file,
            1,
            "a service definition that the compiler refuses (its message stands above)",
            "proto3 that protoc accepts",
            "mend the definition",
        )
    )
    return None
