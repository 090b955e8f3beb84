"""The compiled form of the gRPC service is what its definition says."""

from typing import Any

import pytest

from specification.book import read_book

PROTO = "schemas/1.0/inference.proto"
COMPILED = "schemas/1.0/inference.binpb"


@pytest.fixture
def with_service(standard: Any) -> Any:
    standard.write(PROTO, 'syntax = "proto3";\npackage p;\nmessage M { string name = 1; }\n')
    assert standard.run("build") == 0
    return standard


def found(standard: Any, file: str) -> list[str]:
    return [problem.found for problem in standard.problems() if problem.file == file]


def test_build_compiles_the_service(with_service: Any) -> None:
    assert b"inference.proto" in (with_service.root / COMPILED).read_bytes()
    assert with_service.problems() == []


def test_reports_a_compiled_service_that_is_out_of_date(with_service: Any) -> None:
    with_service.replace(PROTO, "name = 1", "name = 2")
    assert found(with_service, COMPILED) == ["a generated file that is out of date"]


def test_reports_a_compiled_service_that_is_missing(with_service: Any) -> None:
    (with_service.root / COMPILED).unlink()
    assert found(with_service, COMPILED) == ["no generated file"]


def test_reports_a_definition_that_does_not_compile(with_service: Any) -> None:
    with_service.replace(PROTO, "= 1", "= one")
    assert found(with_service, PROTO) == [
        "a service definition that the compiler refuses (its message stands above)"
    ]


def test_a_standard_without_a_service_has_no_compiled_one(standard: Any) -> None:
    assert COMPILED not in read_book(standard.root).outputs()
