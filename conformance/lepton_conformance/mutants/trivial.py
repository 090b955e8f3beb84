"""Servers that do nothing worth a certificate: does nothing, rejects all, accepts all, echoes, constant.

Each would pass a suite that swallows what is unsupported or that never looks at numbers. No profile may pass
on any of them. Serves `conformance` (CNF-VER-02, CNF-VER-04).
"""

import json
from typing import Any

from lepton_conformance.mutants.listener import HttpRequest, HttpResponse
from lepton_conformance.mutants.naive import Naive, Route
from lepton_conformance.mutants.refusal import Refusal
from lepton_conformance.mutants.repository import NaiveRepository

__all__ = ["ALL", "REPOSITORIES"]


class DoesNothing(Naive):
    """Answers every request with 200 and an empty object."""

    id = "trivial-nothing"

    def respond(self, request: HttpRequest) -> HttpResponse:
        return self.answer_json({})


class RejectsAll(Naive):
    """Refuses every request, as the protocol has errors."""

    id = "trivial-rejects"

    def respond(self, request: HttpRequest) -> HttpResponse:
        return self.refuse(Refusal(400, "this server refuses every request"))


class AcceptsAll(Naive):
    """Says yes to everything: health, any model, and outputs of zeros without looking at the request."""

    id = "trivial-accepts"

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        segments = self.segments(request.target)
        if segments[-1:] == ["infer"] or request.method == "POST":
            name = segments[2] if len(segments) > 2 else ""
            outputs: list[Any] = []
            if name in self.models:
                outputs = [
                    {**self.describe(spec.name, spec.datatype), "data": [0]}
                    for spec in self.models[name].outputs
                ]
            return self.answer_json({"model_name": name, "outputs": outputs})
        try:
            return super().dispatch(request)
        except Refusal:
            return self.answer_json({"ready": True})

    def describe(self, name: str, datatype: str) -> dict[str, Any]:
        return {"name": name, "datatype": datatype, "shape": [1, 1]}


class Echoes(Naive):
    """Sends the inputs back as outputs, renamed to the model's."""

    id = "trivial-echoes"

    def dispatch(self, request: HttpRequest) -> HttpResponse:
        segments = self.segments(request.target)
        if segments[-1:] != ["infer"]:
            return super().dispatch(request)
        try:
            document = json.loads(request.body)
            inputs = [entry for entry in document["inputs"] if isinstance(entry, dict)]
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise Refusal(400, f"the body cannot be echoed: {type(error).__name__}") from None
        model = self.models.get(segments[2])
        names = [spec.name for spec in model.outputs] if model else []
        outputs = [
            {**inputs[min(index, len(inputs) - 1)], "name": name}
            for index, name in enumerate(names)
            if inputs
        ]
        answer = {"model_name": segments[2], "outputs": outputs}
        if "id" in document:
            answer["id"] = document["id"]
        return HttpResponse(200, json.dumps(answer).encode(), {"Content-Type": self.json_content_type})


class Constant(Naive):
    """Checks everything and answers zeros of the right shape."""

    id = "trivial-constant"

    def compute(self, model: Any, request: Any, arrays: Any) -> Any:
        found = super().compute(model, request, arrays)
        for name, array in found.items():
            found[name] = array.copy()
            found[name].fill(b"" if array.dtype == object else 0)
        return found


class RepositoryNothing(NaiveRepository):
    """Answers every request to the repository with 200 and an empty array; loads and unloads nothing."""

    id = "trivial-repository-nothing"

    def find_route(self, segments: list[str]) -> Route:
        if segments[:2] == ["v2", "repository"]:
            return "POST", lambda request: self.answer_entries([])
        return super().find_route(segments)


class RepositoryRejects(NaiveRepository):
    """Announces a repository and refuses every request to it."""

    id = "trivial-repository-rejects"

    def find_route(self, segments: list[str]) -> Route:
        if segments[:2] == ["v2", "repository"]:
            raise Refusal(400, "this server refuses every request to its repository")
        return super().find_route(segments)


class RepositoryConstant(NaiveRepository):
    """Says of every model that it is ready, and loads and unloads nothing."""

    id = "trivial-repository-constant"

    def answer_load(self, name: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200)

    def answer_unload(self, name: str, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200)


ALL: tuple[type[Naive], ...] = (DoesNothing, RejectsAll, AcceptsAll, Echoes, Constant)
REPOSITORIES: tuple[type[NaiveRepository], ...] = (RepositoryNothing, RepositoryRejects, RepositoryConstant)
