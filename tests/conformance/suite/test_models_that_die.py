"""A model that one request kills is one finding: the tests after it ask other models."""

from lepton_conformance.certify import certify
from lepton_conformance.mutants.computing import Array, Model
from lepton_conformance.mutants.grpc_decoding import GrpcRefusal, GrpcRequest
from lepton_conformance.mutants.grpc_listener import listening_grpc
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.listener import HttpRequest, HttpResponse, listening
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.subject.http import HttpSubject
from lepton_conformance.suite import calls, protocol

MODEL = "lepton_id_fp32"


class Mortal(NaiveGrpc):
    """One model is gone for good after a negative size, as one of a backend in a process of its own."""

    dead = False

    def decode(self, model: Model, request: GrpcRequest) -> dict[str, Array]:
        if model.name == MODEL:
            self.dead = self.dead or any(size < 0 for tensor in request.inputs for size in tensor.shape)
            if self.dead:
                raise GrpcRefusal("INTERNAL", "the process of the model is not healthy")
        return super().decode(model, request)


class MortalOverRest(Naive):
    """The same over REST."""

    dead = False

    def infer(self, model: Model, version: str, request: HttpRequest) -> HttpResponse:
        if model.name == MODEL:
            self.dead = self.dead or b"[-" in request.body.replace(b" ", b"")
            if self.dead:
                return HttpResponse(500, b'{"error": "the process of the model is not healthy"}')
        return super().infer(model, version, request)


def test_dead_model_is_found_once_over_rest() -> None:
    with listening(MortalOverRest(), 0) as address:
        only = ["INF-ERR-15", "INF-ERR-13", "INF-LIM-05", "INF-LIM-07"]
        report = certify(address, ["inference-rest"], max_examples=0, only=only)
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    assert verdicts["INF-ERR-15"] == "fail"
    assert [verdicts[each] for each in ("INF-LIM-05", "INF-LIM-07")] == ["pass", "pass"]


def test_dead_model_is_found_once() -> None:
    with listening_grpc(Mortal()) as address:
        only = ["INF-GRP-28", "INF-GRP-29", "INF-GRP-34", "INF-GRP-39"]
        report = certify(address, ["inference-grpc"], max_examples=0, only=only)
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    assert verdicts["INF-GRP-28"] == "fail"
    assert [verdicts[each] for each in ("INF-GRP-29", "INF-GRP-39")] == ["pass", "pass"]
    assert verdicts["INF-GRP-34"] != "fail"


def test_nobody_answers_when_asked_which_models_are_silent() -> None:
    assert calls.silent(GrpcSubject("grpc://127.0.0.1:1")) == ()
    assert protocol.silent(HttpSubject("http://127.0.0.1:1")) == ()
