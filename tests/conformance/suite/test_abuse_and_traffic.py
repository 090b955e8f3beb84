"""What the suite sends to hurt: a bomb that is valid gzip, and clients that ask while a model changes."""

import gzip
import json
import resource

import pytest

from lepton_conformance.mutants.listener import HttpRequest, HttpResponse, listening
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.outcome import NotTested, SubjectFault
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.suite.inference_abuse import MEBIBYTE, bomb, descriptors
from lepton_conformance.suite.repository import Traffic, route


def test_a_bomb_is_valid_gzip_of_a_valid_text_at_one_to_a_thousand() -> None:
    packed = bomb(b'{"a": 1}', 5 * MEBIBYTE)
    text = gzip.decompress(packed)
    assert json.loads(text) == {"a": 1}
    assert 5 * MEBIBYTE <= len(text) <= 7 * MEBIBYTE
    assert len(packed) < len(text) / 900


def test_descriptors_are_allowed_for_a_while_only() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with descriptors(300):
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(500, before[0])
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_more_descriptors_than_this_process_may_have_are_no_verdict() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        with descriptors(1000):
            return
    with pytest.raises(NotTested, match="ulimit"), descriptors(hard):
        pass


def test_clients_ask_until_they_are_stopped_and_each_answer_is_judged() -> None:
    seen: list[int] = []
    with listening(Naive(), 0) as url:
        http = HttpSubject(url)
        with Traffic(http, given("lepton_id_fp32"), lambda answer: seen.append(answer.status)):
            pass
    assert len(seen) >= Traffic.CLIENTS * Traffic.LEAST
    assert set(seen) == {200}


def test_a_wrong_answer_and_its_exchange_come_out_in_the_end() -> None:
    def judge(answer: Answer) -> None:
        raise SubjectFault(f"status {answer.status}")

    with listening(Naive(), 0) as url:
        http = HttpSubject(url)
        with pytest.raises(SubjectFault, match="status 200"), Traffic(http, given("lepton_id_fp32"), judge):
            pass
        assert len(http.recorder.failing) == 1


def test_a_request_that_is_cut_off_is_a_fault() -> None:
    class Cutting(Naive):
        """Drops every connection unanswered."""

        def respond(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(0)

    with listening(Cutting(), 0) as url:
        http = HttpSubject(url)
        traffic = Traffic(http, given("lepton_id_fp32"), lambda answer: None)
        with pytest.raises(SubjectFault, match="no usable answer"), traffic:
            pass


def test_routes_of_the_repository_encode_the_name() -> None:
    assert route("a/b ü", "load") == "v2/repository/models/a%2Fb%20%C3%BC/load"
