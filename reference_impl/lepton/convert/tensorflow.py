"""TensorFlow, kept quiet: frozen graphs, converted with tf2onnx.

Owns what the kinds `tensorflow` and `keras` have in common; leaves models and their names to them.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lepton.convert.boosting import one_line
from lepton.convert.extras import needed
from lepton.convert.graphs import BATCH, rearranged, reordered, settled
from lepton.convert.request import Request
from lepton.errors import RecipeError
from lepton.pack.onnx_source import OnnxSource

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["converted", "open_shape", "tensorflow"]

#: The operator set of converted graphs, the newest that tf2onnx writes.
OPSET = 18


def tensorflow() -> Any:
    """Return the module tensorflow, without its chatter, on the CPU, with sums in one order everywhere."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    module = needed("tensorflow", "tensorflow")
    module.get_logger().setLevel(logging.ERROR)
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    return module


def open_shape(sizes: Sequence[int | None]) -> tuple[int | str | None, ...]:
    """Return a shape of TensorFlow: open rows are `N`, other open sizes are for the recipe to name."""
    known = [None if size is None or size < 0 else int(size) for size in sizes]
    return tuple(BATCH if axis == 0 and size is None else size for axis, size in enumerate(known))


def converted(
    frozen: Any,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
    shapes: Mapping[str, Sequence[int | str | None]],
    request: Request,
) -> OnnxSource:
    """Convert a frozen graph; `inputs` and `outputs` map names to tensors of it, in the order to keep.

    Raises: RecipeError with the operators that have no form in ONNX.
    """
    tf = tensorflow()
    loader, optimizer = needed("tf2onnx.tf_loader", "tensorflow"), needed("tf2onnx.optimizer", "tensorflow")
    process = needed("tf2onnx.tfonnx", "tensorflow").process_tf_graph
    version = needed("tf2onnx", "tensorflow").__version__
    given, asked = list(inputs.values()), list(outputs.values())
    names = {tensor: name for name, tensor in (*inputs.items(), *outputs.items())}
    try:
        with tf.Graph().as_default():
            frozen = loader.tf_optimize(given, asked, frozen)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen, name="")
            with loader.tf_session(graph=graph):
                made = process(
                    graph, opset=OPSET, input_names=given, output_names=asked, tensors_to_rename=names
                )
        model: ModelProto = optimizer.optimize_graph(made).make_model("graph")
    except Exception as error:  # TensorFlow's and tf2onnx's own errors
        raise RecipeError(
            f"{request.source}: tf2onnx {version} cannot convert it ({one_line(error)})"
        ) from error
    _refuse_missing(model.graph.input, inputs, request)
    _refuse_missing(model.graph.output, outputs, request)
    reordered(model, list(inputs), list(outputs))
    rearranged(model)
    return settled(model, shapes)


def _refuse_missing(values: Any, names: Iterable[str], request: Request) -> None:
    found = sorted(value.name for value in values)
    if found != sorted(names):
        raise RecipeError(
            f"{request.source}: found {found} in the converted graph, expected {sorted(names)}; what the "
            "model does not use is not in it"
        )
