"""What `lepton convert` writes, used by the systems it is for: Triton, MLflow, KServe's SDK.

Owns the topic `targets`. Every answer is judged by the package's own golden vectors. Serves the role producer
of the chapter `package`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from field import environment
from field.packages import example, triton_answers
from field.packages.golden import Array, Vector, failure, manifest_of, vectors_of
from field.packages.line import Line
from field.packages.tool import lepton, program, version

__all__ = ["run"]

Answer = Callable[[Vector], Mapping[str, Array]]

#: Builds a resource from the classes of KServe's SDK, which know their members and which are required.
_READ_RESOURCE = """
import json, sys, yaml
import kserve
def built(kind, value):
    cls = getattr(kserve, kind, None)
    if cls is None:
        return value
    members = {spelt: name for name, spelt in cls.attribute_map.items()}
    return cls(**{members[key]: built(cls.openapi_types[members[key]], one) for key, one in value.items()})
found = built("V1beta1InferenceService", yaml.safe_load(open(sys.argv[1])))
model = found.spec.predictor.model
said = [found.metadata["name"], model.model_format.name, model.protocol_version, model.storage_uri]
print(json.dumps(said))
"""


def run(folder: Path) -> list[Line]:
    """Convert the packages of the examples and let their new owners use them."""
    lines = []
    for package, stage in ((example.digits(), "raw"), (example.magika(), "model")):
        place = folder / package.stem
        for kind in ("triton", "mlflow", "kserve"):
            lepton("convert", package, "--to", kind, "-o", place / kind)
            lepton("convert", package, "--to", kind, "-o", place / f"{kind}-again")
        lines.append(_same_bytes(place, package))
        lines += _triton(place, package, stage)
        lines += _mlflow(place / "mlflow", package, stage)
        lines.append(_kserve(place / "kserve", package))
    return lines


def _same_bytes(place: Path, package: Path) -> Line:
    unlike = [
        str(path.relative_to(place))
        for kind in ("triton", "mlflow", "kserve")
        for path in sorted((place / kind).rglob("*"))
        if path.is_file()
        and path.read_bytes() != (place / f"{kind}-again" / path.relative_to(place / kind)).read_bytes()
    ]
    shown = f"{package.stem}: converting twice gives the same bytes"
    return Line("lepton", version("lepton-standard"), shown, not unlike, f"unlike: {unlike}")


def _triton(place: Path, package: Path, stage: str) -> list[Line]:
    manifest = manifest_of(package)
    name = manifest["id"]
    lines = []

    def line(shown: str, fault: str) -> None:
        lines.append(Line("triton", triton_answers.version(), f"{package.stem}: {shown}", not fault, fault))

    served = manifest.get("interface", manifest["signature"])
    with triton_answers.serving(place / "triton", place) as address:
        found = triton_answers.described(address, name)
        line("loads the repository and shows names, datatypes and labels", _unlike(found, served))
        vectors = vectors_of(package, stage)
        line(
            f"passes the {len(vectors)} golden vectors of the stage {stage}",
            _first_failure(vectors, lambda vector: triton_answers.answer(address, name, vector)),
        )
        line("names the label of the largest place", _label_fault(address, name, served, vectors[0]))
    return lines


def _unlike(found: Mapping[str, Any], served: Mapping[str, Any]) -> str:
    """Compare Triton's metadata with the tensors that the package promises."""
    for side in ("inputs", "outputs"):
        expected = [
            (
                entry["name"],
                entry["datatype"],
                [-1 if isinstance(dim, str) else dim for dim in entry["shape"]],
            )
            for entry in served[side]
        ]
        shown = [
            (one["name"], one["datatype"], list(map(int, one["shape"]))) for one in found["metadata"][side]
        ]
        if shown != expected:
            return f"{side} are {shown}, expected {expected}"
    return ""


def _label_fault(address: str, name: str, served: Mapping[str, Any], vector: Vector) -> str:
    """Ask for a classification, and compare the label with the package's."""
    (entry,) = served["outputs"]
    labels = entry["labels"]["names"]["en"]
    asked = [{"name": entry["name"], "parameters": {"classification": 1}}]
    answer = triton_answers.answer(address, name, vector, asked)[entry["name"]]
    expected = [labels[place] for place in vector.expected[entry["name"]].argmax(axis=1)]
    found = [str(text).split(":")[2] for text in answer.ravel()]
    return "" if found == expected else f"labels are {found}, expected {expected}"


def _mlflow(place: Path, package: Path, stage: str) -> list[Line]:
    import mlflow

    lines = []

    def line(shown: str, fault: str) -> None:
        lines.append(Line("mlflow", version("mlflow"), f"{package.stem}: {shown}", not fault, fault))

    manifest = manifest_of(package)
    served = manifest.get("interface", manifest["signature"])
    model = mlflow.pyfunc.load_model(str(place))
    names = [
        model.metadata.get_input_schema().input_names(),
        model.metadata.get_output_schema().input_names(),
    ]
    expected = [[entry["name"] for entry in served[side]] for side in ("inputs", "outputs")]
    line(
        "loads with the package's signature",
        "" if names == expected else f"found {names}, expected {expected}",
    )
    kept = model.metadata.metadata["lepton"]
    fault = "" if kept["license"] == manifest["license"] else f"found the licence {kept['license']}"
    line("keeps licence, card and labels in its metadata", fault)
    vectors = vectors_of(package, stage)
    line(
        f"pyfunc passes the {len(vectors)} golden vectors of the stage {stage}",
        _first_failure(vectors, lambda vector: model.predict(dict(vector.inputs))),
    )
    checked = mlflow.onnx.load_model(str(place))
    fault = "" if checked.graph.output[0].name == served["outputs"][0]["name"] else "another output"
    line("the flavour onnx loads, and onnx's checker accepts it", fault)
    return lines


def _first_failure(vectors: list[Vector], ask: Answer) -> str:
    if not vectors:
        return "found no vectors of the stage"
    return next((fault for vector in vectors if (fault := failure(vector, ask(vector)))), "")


def _kserve(place: Path, package: Path) -> Line:
    environment.install("kserve")
    read = program(environment.python("kserve"), "-c", _READ_RESOURCE, place / "inferenceservice.yaml")
    name, kind, protocol, uri = yaml.safe_load(read.output)
    fault = "" if (kind, protocol) == ("triton", "v2") and uri.endswith(name) else read.output
    installed = environment.installed_versions("kserve", ("kserve",))["kserve"]
    return Line("kserve", installed, f"{package.stem}: its SDK reads the InferenceService", not fault, fault)
