# mypy: disable-error-code="import-not-found,misc"
"""The peer of `serve.py` on MLServer: an identity model as its documentation shows a custom runtime.

Run by a Python that has mlserver: `mlserver_identity.py PORT`. One process.
"""

import asyncio
import sys

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Identity(MLModel):
    """Copies the input to the output."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer one request."""
        given = payload.inputs[0]
        output = ResponseOutput(name="y", shape=given.shape, datatype=given.datatype, data=given.data)
        return InferenceResponse(model_name=self.name, outputs=[output])


async def serve(port: int) -> None:
    """Serve until killed."""
    settings = Settings(
        host="127.0.0.1",
        http_port=port,
        grpc_port=port + 1,
        metrics_port=port + 2,
        parallel_workers=0,
        debug=False,
    )
    server = MLServer(settings)
    await server.start([ModelSettings(name="lepton_id_fp32", implementation=Identity)])


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
