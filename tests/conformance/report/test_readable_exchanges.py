"""Exchanges as people read them: JSON laid out as it was sent, binary tensors taken apart, curl commands."""

import json
import shlex
import subprocess

import pytest

from lepton_conformance.report.curl import command
from lepton_conformance.report.readable import body_text, laid_out
from lepton_conformance.subject.exchange import HttpExchange


def test_json_is_laid_out_with_its_tokens_as_they_were() -> None:
    text = '{"a":[1.0,1E5,"x,[]{}:\\"\\u00e9"],"b":{},"c":' + json.dumps(list(range(60))) + "}"
    pretty = laid_out(text)
    assert pretty is not None
    assert json.loads(pretty) == json.loads(text)
    assert '"a": [1.0, 1E5, "x,[]{}:\\"\\u00e9"]' in pretty
    assert max(map(len, pretty.splitlines())) <= 110


@pytest.mark.parametrize("text", ['{"a":', "", "x", "[1]]", "[" * 200 + "]" * 200])
def test_what_cannot_be_laid_out_is_shown_as_it_is(text: str) -> None:
    assert laid_out(text) is None
    assert body_text(text.encode(), ()) == text


def test_binary_tensors_are_shown_in_hexadecimal_and_as_elements() -> None:
    head = json.dumps(
        {
            "inputs": [
                {"name": "x", "datatype": "INT16", "shape": [2], "parameters": {"binary_data_size": 4}},
                {"name": "s", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 5}},
            ]
        }
    ).encode()
    body = head + b"\x01\x00\xff\xff" + b"\x01\0\0\0\xe9" + b"\x07"
    shown = body_text(body, [("Inference-Header-Content-Length", str(len(head)))])
    assert "x: 01 00 ff ff = [1, -1]" in shown
    assert "s: 01 00 00 00 e9 = [b'\\xe9']" in shown
    assert "after the tensors: 07" in shown


def test_long_bodies_are_cut() -> None:
    shown = body_text(b'"' + b"x" * 10_000 + b'"', ())
    assert len(shown) < 4000
    assert shown.endswith("7002 more bytes")


def exchange(
    body: bytes,
    *,
    method: str = "POST",
    target: str = "/v2/models/x/infer",
    headers: tuple[tuple[str, str], ...] = (),
) -> HttpExchange:
    sent = (("Host", "127.0.0.1:1"), *headers, ("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent), "", ""]
    wire = "\r\n".join(lines).encode() + body
    return HttpExchange(method, target, sent, body, wire, 200, (), b"")


def test_command_quotes_what_the_shell_would_read() -> None:
    body = b"""{"id":"it's $HOME `x` \\\\ \xc3\xa9"}"""
    line = command(exchange(body, headers=(("Content-Type", "application/json"),)), "127.0.0.1:1")
    assert line is not None
    words = shlex.split(line)
    assert words[words.index("--data-binary") + 1].encode() == body
    assert words[-1] == "http://127.0.0.1:1/v2/models/x/infer"


@pytest.mark.parametrize("body", [b"\x00\x01\xff", b"@/etc/hosts", b"a\nb", b"\xff"])
def test_bytes_that_cannot_be_quoted_are_decoded_in_the_command(body: bytes) -> None:
    line = command(exchange(body), "127.0.0.1:1")
    assert line is not None
    decoded = line.partition(" | curl")[0]
    assert subprocess.run(["sh", "-c", decoded], capture_output=True, check=True).stdout == body


def test_no_command_is_given_for_what_curl_would_change() -> None:
    plain = exchange(b"{}")
    odd = HttpExchange(
        plain.method,
        plain.target,
        plain.request_headers,
        plain.request_body,
        plain.wire.replace(b"Host:", b"hOST:"),
        200,
        (),
        b"",
    )
    assert command(odd, "127.0.0.1:1") is None
    assert command(exchange(b"{}", target="/v2/a b"), "127.0.0.1:1") is None
    assert command(exchange(b"x" * 100_000), "127.0.0.1:1") is None
