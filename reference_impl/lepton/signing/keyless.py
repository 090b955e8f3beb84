"""Signatures without a key: who somebody is to an identity provider, by Sigstore's certificates and log.

Owns the use of the package `sigstore` (extra `sigstore`); leaves the statement to the modules beside it. What
is verified: the certificate's chain to Fulcio, its identity and issuer, its inclusion in the log, and the
signature. Signing needs a network, verifying needs it for the roots of trust unless a trust configuration is
given as a file. Serves PKG-SGN-04 and PKG-SGN-05.
"""

import hashlib
from pathlib import Path
from typing import Any

from lepton.errors import LeptonError, SourceError
from lepton.package.envelope import Bundle
from lepton.package.read import Package
from lepton.signing.sign import package_statement
from lepton.signing.verify import Outcome, Trusted

__all__ = ["by_identity", "sign"]

_MISSING = "sigstore is not installed; run pip install 'lepton-standard[sigstore]'"


def sign(package: Package, trust_config: Path | None) -> tuple[str, bytes, str]:
    """Sign a package as whoever the identity provider says: the path, the bundle, and who signed.

    Raises: LeptonError when sigstore is missing or there is no identity, SourceError without a network.
    """
    try:
        from sigstore import dsse, oidc
        from sigstore.sign import SigningContext
    except ImportError as error:
        raise LeptonError(_MISSING) from error
    config = _config(trust_config)
    try:
        token = oidc.detect_credential()
        identity: Any = (
            oidc.IdentityToken(token)
            if token
            else oidc.Issuer(config.signing_config.get_oidc_url()).identity_token()
        )
        with SigningContext.from_trust_config(config).signer(identity) as signer:
            bundle = signer.sign_dsse(dsse.Statement(package_statement(package)))
    except Exception as error:  # sigstore raises errors of many libraries
        raise SourceError(f"Sigstore gave no signature: {_reason(error)}") from error
    data: bytes = bundle.to_json().encode()
    name = hashlib.sha256(str(identity.identity).encode()).hexdigest()[:16]
    return f"signatures/{name}.sigstore.json", data, str(identity.identity)


def by_identity(identity: str, issuer: str, trust_config: Path | None) -> Trusted:
    """Trust whoever `issuer` says is `identity`. Raises: LeptonError, SourceError."""
    try:
        from sigstore import models
        from sigstore.errors import VerificationError
        from sigstore.verify import Verifier
        from sigstore.verify.policy import Identity
    except ImportError as error:
        raise LeptonError(_MISSING) from error
    config = _config(trust_config)
    try:
        verifier = Verifier(trusted_root=config.trusted_root)
    except Exception as error:  # sigstore raises errors of many libraries
        raise SourceError(f"Sigstore's roots of trust cannot be used: {_reason(error)}") from error
    policy = Identity(identity=identity, issuer=issuer)

    def judge(bundle: Bundle) -> tuple[Outcome, str]:
        if bundle.material != "certificate":
            return Outcome.OTHER, "the bundle has no certificate of Sigstore"
        try:
            payload = verifier.verify_dsse(models.Bundle.from_json(bundle.data), policy)[1]
        except VerificationError as error:
            return Outcome.OTHER, f"Sigstore does not confirm {identity}: {_reason(error)}"
        except Exception as error:  # a stranger's bundle meets the parsers of many libraries
            return Outcome.OTHER, f"Sigstore cannot read the bundle: {_reason(error)}"
        if payload != bundle.envelope.payload:
            return Outcome.INVALID, "Sigstore verified another payload than the one that was read"
        return Outcome.VALID, f"{identity} by {issuer}"

    return judge


def _config(path: Path | None) -> Any:
    from sigstore.models import ClientTrustConfig

    try:
        if path is not None:
            return ClientTrustConfig.from_json(path.read_text(encoding="utf-8"))
        return ClientTrustConfig.production()
    except Exception as error:  # the network, the file system or a parser
        what = "of the public Sigstore" if path is None else f"in {str(path)!r}"
        raise SourceError(f"found no roots of trust {what}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
