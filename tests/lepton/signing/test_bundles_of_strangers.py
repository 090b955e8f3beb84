"""Bundles, envelopes and OCI manifests of strangers: reading them ends in a value or in a refusal."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton.errors import LeptonError
from lepton.package.envelope import Malformed, read_bundle, read_envelope
from lepton.signing.statement import form_fault, resources_fault, subject_fault
from lepton.transport.modelpack import artifact, layers_of, model
from lepton_conformance.forge.signing import ATTESTATION, BUNDLE, attested, signed
from lepton_conformance.forge.valid import linear_draft

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
GOOD_BUNDLE = json.loads(signed(linear_draft()).unlisted[BUNDLE])
GOOD_ENVELOPE = json.loads(attested(linear_draft()).unlisted[ATTESTATION])
DRAFT = linear_draft()
GOOD_MANIFEST = json.loads(model(b"{}", DRAFT.sealed()).data)


@st.composite
def altered(draw: st.DrawFn, good: Any) -> Any:
    """Draw a copy of a JSON document in which one value, at any depth, is another one or is gone."""
    document = json.loads(json.dumps(good))
    holder = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = draw(st.sampled_from(keys))
        inner = holder[key]
        if isinstance(inner, dict | list) and inner and draw(st.booleans()):
            holder = inner
            continue
        if draw(st.booleans()):
            holder[key] = draw(VALUES)
        else:
            del holder[key]
        return document


def text(document: Any) -> bytes:
    return json.dumps(document).encode()


def judged(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        statement = read_bundle(data).envelope.statement
        if not form_fault(statement):
            assert isinstance(resources_fault(statement, {"a": "0" * 64}), str)
            assert isinstance(subject_fault(statement, "name"), str)


def listed(data: bytes) -> None:
    with contextlib.suppress(LeptonError):
        for layer in layers_of(artifact(data)):
            assert layer.path
            assert layer.size >= 0


def test_the_documents_that_are_altered_here_are_right() -> None:
    assert form_fault(read_bundle(text(GOOD_BUNDLE)).envelope.statement) == ""
    assert read_envelope(text(GOOD_ENVELOPE)).signatures
    assert layers_of(artifact(text(GOOD_MANIFEST)))


@settings(max_examples=300, deadline=None)
@given(altered(GOOD_BUNDLE))
def test_a_bundle_with_one_value_altered_is_read_or_refused(document: Any) -> None:
    judged(text(document))


@settings(max_examples=200, deadline=None)
@given(altered(GOOD_ENVELOPE))
def test_an_envelope_with_one_value_altered_is_read_or_refused(document: Any) -> None:
    with contextlib.suppress(Malformed):
        assert read_envelope(text(document)).statement.subjects


@settings(max_examples=300, deadline=None)
@given(altered(GOOD_MANIFEST))
def test_an_oci_manifest_with_one_value_altered_is_read_or_refused(document: Any) -> None:
    listed(text(document))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | VALUES.map(lambda one: json.dumps(one).encode()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    judged(data)
    listed(data)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    import base64

    document = json.loads(json.dumps(GOOD_BUNDLE))
    statement = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    changed = draw(altered(statement))
    document["dsseEnvelope"]["payload"] = base64.b64encode(text(changed)).decode()
    return text(document)


@settings(max_examples=300, deadline=None)
@given(payloads())
def test_a_statement_with_one_value_altered_is_read_or_refused(data: bytes) -> None:
    judged(data)


@pytest.mark.parametrize(
    ("member", "pointer"),
    [
        ({"publicKey": {"hint": None}}, "/verificationMaterial/publicKey/hint"),
        ({"publicKey": {}, "tlogEntries": None}, "/verificationMaterial/tlogEntries"),
        ({"publicKey": {}, "certificate": None}, "/verificationMaterial"),
        (
            {"x509CertificateChain": {"certificates": []}},
            "/verificationMaterial/x509CertificateChain/certificates",
        ),
    ],
)
def test_null_stands_for_no_member_and_an_empty_chain_for_none(member: Any, pointer: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_bundle(text({**GOOD_BUNDLE, "verificationMaterial": member}))
    assert caught.value.pointer == pointer
    assert not caught.value.limit


def test_a_hint_may_be_absent() -> None:
    assert read_bundle(text({**GOOD_BUNDLE, "verificationMaterial": {"publicKey": {}}})).hint == ""


def test_a_chain_beyond_the_limit_of_this_implementation_is_not_judged() -> None:
    chain = {"certificates": [{"rawBytes": "AAAA"}] * 17}
    with pytest.raises(Malformed, match="17 certificates") as caught:
        read_bundle(text({**GOOD_BUNDLE, "verificationMaterial": {"x509CertificateChain": chain}}))
    assert caught.value.limit
