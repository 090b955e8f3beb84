"""`inference.openapi.yaml` is OpenAPI, names requirements that exist, and says what a server answers."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate
from referencing import Registry, Resource

import lepton_spec

FILE = lepton_spec.path("inference.openapi.yaml")
DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text())
BASE = "https://lepton-standard.org/schemas/1.0/"
REGISTRY: Registry[Any] = Registry().with_resources(
    (identifier, Resource.from_contents(schema)) for identifier, schema in lepton_spec.schemas().items()
)
#: The routes of the chapter, by hand.
ROUTES = {
    "/v2/health/live": "get",
    "/v2/health/ready": "get",
    "/v2": "get",
    "/v2/models/{name}": "get",
    "/v2/models/{name}/versions/{version}": "get",
    "/v2/models/{name}/ready": "get",
    "/v2/models/{name}/versions/{version}/ready": "get",
    "/v2/models/{name}/infer": "post",
    "/v2/models/{name}/versions/{version}/infer": "post",
    "/v2/repository/index": "post",
    "/v2/repository/models/{name}/load": "post",
    "/v2/repository/models/{name}/unload": "post",
    "/metrics": "get",
}
OPERATIONS = {route: DOCUMENT["paths"][route][method] for route, method in ROUTES.items()}
MODEL = "lepton_split"
JSON = "application/json"
INPUT = {"name": "x", "shape": [1, 2], "datatype": "INT32"}
REQUEST = {"inputs": [INPUT | {"data": [1, 2]}]}


def resolved(value: Any) -> Any:
    """Follow references into the document itself."""
    while isinstance(value, dict) and str(value.get("$ref", "")).startswith("#/"):
        target = DOCUMENT
        for part in value["$ref"][2:].split("/"):
            target = target[part]
        value = target
    return value


def faults(schema: Any, instance: Any) -> list[str]:
    """Return why `instance` is not what a schema of the document says."""
    schema = resolved(schema)
    if "$ref" in schema:
        schema = {"$ref": BASE + schema["$ref"]}
    validator = jsonschema.Draft202012Validator(schema, registry=REGISTRY)
    return [error.message for error in validator.iter_errors(instance)]


def contents(value: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each media type object below `value` that has an example, with the example."""
    if isinstance(value, dict):
        if "example" in value and "schema" in value:
            yield value["schema"], value["example"]
        for each in value.values():
            yield from contents(each)


def test_the_document_is_openapi() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    validate(DOCUMENT, base_uri=FILE.as_uri())


def test_a_document_with_a_broken_reference_is_refused() -> None:
    broken = yaml.safe_load(FILE.read_text().replace("$defs/serverMetadata", "$defs/nothing"))
    with pytest.raises(Exception, match="nothing"):
        validate(broken, base_uri=FILE.as_uri())


def test_the_routes_are_those_of_the_chapter() -> None:
    found = {
        (route, method)
        for route, item in DOCUMENT["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert found == set(ROUTES.items())


def test_every_operation_names_requirements_that_exist() -> None:
    known = lepton_spec.requirements()
    for operation in OPERATIONS.values():
        named = operation["x-lepton-requirements"]
        assert named
        assert set(named) <= set(known)


def test_every_example_is_what_its_schema_says() -> None:
    examples = list(contents(DOCUMENT))
    assert len(examples) > 10
    for schema, example in examples:
        assert faults(schema, example) == []


class Ask(NamedTuple):
    """One request to the server, and the status that it is to get."""

    route: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    name: str = MODEL
    version: str = "1.0.0"


def binary(parameters: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    tensor = INPUT | {"parameters": {"binary_data_size": 8}}
    head = json.dumps({"inputs": [tensor], "parameters": parameters}).encode()
    return head + b"\x01\0\0\0\x02\0\0\0", {
        "Inference-Header-Content-Length": str(len(head)),
        "Content-Type": "application/octet-stream",
    }


ASKS = [
    Ask("/v2/health/live", 200),
    Ask("/v2/health/ready", 200),
    Ask("/v2", 200),
    Ask("/v2/models/{name}", 200),
    Ask("/v2/models/{name}", 404, name="nothing"),
    Ask("/v2/models/{name}/versions/{version}", 200),
    Ask("/v2/models/{name}/versions/{version}", 404, version="nothing"),
    Ask("/v2/models/{name}/ready", 200),
    Ask("/v2/models/{name}/ready", 404, name="nothing"),
    Ask("/v2/models/{name}/versions/{version}/ready", 200),
    Ask("/v2/models/{name}/infer", 200, json.dumps(REQUEST).encode()),
    Ask("/v2/models/{name}/infer", 200, *binary({"binary_data_output": True})),
    Ask("/v2/models/{name}/infer", 400, b"{}"),
    Ask("/v2/models/{name}/infer", 404, json.dumps(REQUEST).encode(), name="nothing"),
    Ask("/v2/models/{name}/infer", 413, b" " * 200_000),
    Ask("/v2/models/{name}/infer", 415, json.dumps(REQUEST).encode(), {"Content-Encoding": "x-nothing"}),
    Ask("/v2/models/{name}/versions/{version}/infer", 200, json.dumps(REQUEST).encode()),
    Ask("/v2/repository/index", 200),
    Ask("/v2/repository/index", 200, b'{"ready": true}'),
    Ask("/v2/repository/index", 400, b'{"ready": 1}'),
    Ask("/v2/repository/models/{name}/load", 200),
    Ask("/v2/repository/models/{name}/load", 400, b'{"parameters": {"config": "{}"}}'),
    Ask("/v2/repository/models/{name}/load", 404, name="nothing"),
    Ask("/v2/repository/models/{name}/unload", 200),
    Ask("/v2/repository/models/{name}/unload", 404, name="nothing"),
    Ask("/metrics", 200),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run `lepton serve` on the conformance models, with a small limit."""
    folder = str(tmp_path_factory.mktemp("repository"))
    lepton = str(Path(sys.executable).with_name("lepton"))
    subprocess.run([lepton, "certify", "export-models", folder, "--layout", "lepton"], check=True)
    command = [lepton, "serve", "--repository", folder, "--port", "0", "--max-request-bytes", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield urlsplit(process.stdout.readline().split()[4]).netloc
        finally:
            process.terminate()


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: f"{ask.route} {ask.status}")
def test_a_running_server_answers_what_the_document_says(ask: Ask, address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=20)
    target = ask.route.format(name=ask.name, version=ask.version)
    connection.request(ROUTES[ask.route].upper(), target, ask.body or None, ask.headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == ask.status, body
    responses = OPERATIONS[ask.route]["responses"]
    response = resolved(responses.get(str(answer.status)) or responses[f"{answer.status // 100}XX"])
    media_type = answer.headers.get_content_type()
    if not body:
        assert media_type in ("text/plain", JSON)
        return
    assert media_type in response["content"]
    if media_type == JSON:
        assert faults(response["content"][JSON]["schema"], json.loads(body)) == []
    if media_type == "application/octet-stream":
        length = int(answer.headers["Inference-Header-Content-Length"])
        head = json.loads(body[:length])
        assert faults({"$ref": "inference.schema.json#/$defs/inferenceResponse"}, head) == []
        assert len(body) - length == sum(each["parameters"]["binary_data_size"] for each in head["outputs"])
