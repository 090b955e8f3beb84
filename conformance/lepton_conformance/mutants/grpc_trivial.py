"""gRPC servers that do nothing worth a certificate: does nothing, rejects all, accepts all, echoes, constant.

`inference-grpc` passes on none of them. Serves `conformance` (CNF-VER-02, CNF-VER-04).
"""

from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest
from lepton_conformance.mutants.grpc_naive import Call, NaiveGrpc, Stream, Unary

__all__ = ["ALL"]


class DoesNothing(NaiveGrpc):
    """Has no methods: every call is UNIMPLEMENTED."""

    id = "trivial-grpc-nothing"

    def unary(self, path: str) -> Unary | None:
        return None

    def stream(self, path: str) -> Stream | None:
        return None


class RejectsAll(NaiveGrpc):
    """Refuses every call, as the standard has refusals."""

    id = "trivial-grpc-rejects"

    def respond(self, method: Unary, body: bytes, call: Call) -> bytes:
        raise GrpcRefusal("INVALID_ARGUMENT", "this server refuses every call")


class AcceptsAll(NaiveGrpc):
    """Answers every call of every method with a message without fields."""

    id = "trivial-grpc-accepts"

    def unary(self, path: str) -> Unary | None:
        return lambda body, call: b""


class SaysYes(NaiveGrpc):
    """Is live and ready with any model, and answers every inference with the model's outputs, empty."""

    id = "trivial-grpc-says-yes"

    def find(self, name: str, version: str) -> tuple[Model, str]:
        return self.models.get(name, self.models["lepton_split"]), version

    def infer(self, body: bytes, call: Call) -> bytes:
        message = self.parse_call(body, "InferRequest")
        model, version = self.find(message.get("model_name", ""), message.get("model_version", ""))
        outputs = [{"name": spec.name, "datatype": spec.datatype, "shape": [0, 0]} for spec in model.outputs]
        return self.build(
            "InferResponse",
            {"model_name": model.name, "model_version": version, "id": message.get("id"), "outputs": outputs},
        )


class Echoes(NaiveGrpc):
    """Sends the bytes of every request back."""

    id = "trivial-grpc-echoes"

    def respond(self, method: Unary, body: bytes, call: Call) -> bytes:
        return body


class EchoesInputs(NaiveGrpc):
    """Answers everything but inference rightly, and sends the bytes of that back."""

    id = "trivial-grpc-echoes-inputs"

    def infer(self, body: bytes, call: Call) -> bytes:
        return body


class Constant(NaiveGrpc):
    """Checks everything and answers zeros of the right shape."""

    id = "trivial-grpc-constant"

    def compute(self, model: Model, request: GrpcRequest, arrays: dict[str, Array]) -> dict[str, Array]:
        found = {name: array.copy() for name, array in super().compute(model, request, arrays).items()}
        for array in found.values():
            array.fill(b"" if array.dtype == object else 0)
        return found


ALL: tuple[type[NaiveGrpc], ...] = (
    DoesNothing,
    RejectsAll,
    AcceptsAll,
    SaysYes,
    Echoes,
    EchoesInputs,
    Constant,
)
