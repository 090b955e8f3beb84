"""Connections that are accepted and say nothing: a slow machine is no fault of the subject."""

import socket
import time

import pytest

from lepton_conformance.outcome import NotTested, SubjectGone
from lepton_conformance.subject import grpc
from lepton_conformance.subject.grpc import GrpcSubject


def test_http_2_that_does_not_begin_leaves_the_matter_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc, "MAX_HANDSHAKES_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts, nobody reads
        subject = GrpcSubject(f"grpc://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(NotTested, match="expected SETTINGS"):
            subject.call("ServerLive")
        assert time.monotonic() - started < 2 * grpc.HANDSHAKE_SECONDS
        subject.close()


def test_port_that_accepts_no_connection_is_gone() -> None:
    with pytest.raises(SubjectGone, match="no connection is accepted"):
        GrpcSubject("grpc://127.0.0.1:1").call("ServerLive")
