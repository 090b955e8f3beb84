"""Routes, versions and metadata, without a socket."""

import json
from types import ModuleType

import pytest

from lepton.errors import LeptonError
from lepton.serve import Repository
from lepton.serve.reply import RequestError
from lepton.serve.routes import MANAGED, Call, Route, Routes, check_method, parse_route


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v2", Route(Call.SERVER_METADATA)),
        ("/v2/", Route(Call.SERVER_METADATA)),
        ("/v2/health/live", Route(Call.LIVE)),
        ("/v2/health/ready/", Route(Call.READY)),
        ("/v2/models/m", Route(Call.MODEL_METADATA, "m")),
        ("/v2/models/m/ready", Route(Call.MODEL_READY, "m")),
        ("/v2/models/m/infer", Route(Call.INFER, "m")),
        ("/v2/models/m/versions/v10", Route(Call.MODEL_METADATA, "m", "v10")),
        ("/v2/models/m/versions/v10/ready", Route(Call.MODEL_READY, "m", "v10")),
        ("/v2/models/versions/versions/infer/infer/", Route(Call.INFER, "versions", "infer")),
    ],
)
def test_parses_the_routes_of_the_protocol(path: str, route: Route) -> None:
    assert parse_route(path) == route


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "v2",
        "//v2",
        "/v1",
        "/v2/health",
        "/v2/models",
        "/v2/models/m/versions",
        "/v2/models/m/x",
        "*",
    ],
)
def test_other_routes_are_not_found(path: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_route(path)
    assert caught.value.reply().status == 404


def test_a_wrong_method_names_the_right_ones() -> None:
    for call in Call:
        right = "POST" if call is Call.INFER or call in MANAGED else "GET"
        check_method(call, right)
        with pytest.raises(RequestError) as caught:
            check_method(call, "DELETE")
        assert caught.value.reply().status == 405
        assert right in dict(caught.value.reply().headers)["allow"]


def test_the_highest_version_answers_when_none_is_asked_for(numpy_models: ModuleType) -> None:
    rising = ["0.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    rising += ["1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"]  # semver.org, section 11
    models = [numpy_models.model("m", numpy_models.identity("INT8"), version) for version in rising]
    repository = Repository(sorted(models, key=lambda one: hash(one.version)))
    assert repository.versions("m") == rising[::-1]
    assert repository.find("m", None).version == "2.0.0"
    for version in rising:
        assert repository.find("m", version).version == version


def test_one_version_cannot_be_served_twice(numpy_models: ModuleType) -> None:
    one = numpy_models.model("m", numpy_models.identity("INT8"))
    with pytest.raises(LeptonError, match="twice"):
        Repository([one, one])


def test_metadata_shows_symbols_as_minus_one(repository: Repository) -> None:
    routes = Routes(repository, "1.2.3", 1000)
    assert json.loads(routes.answer(Route(Call.SERVER_METADATA)).body) == {
        "name": "lepton",
        "version": "1.2.3",
        "extensions": ["binary_tensor_data"],
        "parameters": {"max_request_bytes": 1000, "max_bytes_elements": 1 << 20},
    }
    metadata = json.loads(routes.answer(Route(Call.MODEL_METADATA, "id_int32", "0.9.0")).body)
    assert metadata["versions"] == ["1.0.0", "0.9.0"]
    assert metadata["inputs"] == [{"name": "x", "datatype": "INT32", "shape": [-1, -1]}]


@pytest.mark.parametrize("route", [Route(Call.MODEL_READY, "no"), Route(Call.MODEL_METADATA, "split", "9")])
def test_unknown_models_and_versions_are_not_found(repository: Repository, route: Route) -> None:
    with pytest.raises(RequestError) as caught:
        Routes(repository, "1", 1000).answer(route)
    assert caught.value.reply().status == 404


def test_a_draining_server_is_live_but_not_ready(repository: Repository) -> None:
    routes = Routes(repository, "1", 1000)
    routes.draining = True
    assert routes.answer(Route(Call.LIVE)).status == 200
    for route in (Route(Call.READY), Route(Call.MODEL_READY, "split")):
        with pytest.raises(RequestError) as caught:
            routes.answer(route)
        assert caught.value.reply().status == 503
