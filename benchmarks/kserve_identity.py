# mypy: disable-error-code="import-not-found,misc"
"""The peer of `serve.py` on the KServe Python SDK: an identity model as its documentation shows one.

Run by a Python that has kserve: `kserve_identity.py PORT`. REST only, one process. The package binds every
address and has no setting for it: here it is bound to 127.0.0.1.
"""

import sys
from typing import Any

import uvicorn
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer


class Identity(Model):
    """Copies the input to the output, in binary when the input came so."""

    def __init__(self) -> None:
        super().__init__("lepton_id_fp32")
        self.ready = True

    async def predict(self, payload: InferRequest, headers: Any = None, response_headers: Any = None) -> Any:
        """Answer one request."""
        given = payload.inputs[0]
        array = given.as_numpy()
        output = InferOutput(name="y", shape=list(array.shape), datatype=given.datatype)
        binary = payload.use_binary_outputs
        output.set_data_from_numpy(array, binary_data=binary)
        return InferResponse(
            response_id=payload.id or "none",
            model_name=self.name,
            infer_outputs=[output],
            use_binary_outputs=binary,
        )


def main() -> None:
    """Serve until stopped."""
    configured = uvicorn.Config.__init__

    def configure(self: Any, app: Any, **options: Any) -> None:
        configured(self, app, **{**options, "host": "127.0.0.1"})

    uvicorn.Config.__init__ = configure
    ModelServer(http_port=int(sys.argv[1]), enable_grpc=False, workers=1).start([Identity()])


if __name__ == "__main__":
    main()
