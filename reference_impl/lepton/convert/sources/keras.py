"""A Keras model: a .keras file, an old .h5 file, or one in memory.

Owns loading it in Keras's safe mode, its names, and its answers in float64 where its configuration can be
built again in that type; leaves converting to `lepton.convert.tensorflow`. Lambda layers are code and need
--allow-executable, as do .h5 files, for which no safe mode is promised.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lepton.convert.boosting import one_line
from lepton.convert.bytes import archive_names, head
from lepton.convert.extras import needed
from lepton.convert.graphs import BATCH_FACTS
from lepton.convert.oracle import FrameworkOracle, WitnessedOracle
from lepton.convert.request import Request
from lepton.convert.tensorflow import converted, open_shape, tensorflow
from lepton.errors import RecipeError
from lepton.pack.oracle import OnnxOracle
from lepton.pack.origin import Origin, onnx_draft
from lepton.runtime.protocol import Array

__all__ = ["NAME", "SAYS", "origin_of", "read", "recognises"]

NAME, SAYS = "keras", "a .keras file, or an old .h5 file (runs code: --allow-executable)"

_HDF5 = b"\x89HDF\r\n\x1a\n"
_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}


def recognises(path: Path) -> bool:
    """Say whether the file is an archive of Keras, or HDF5."""
    return head(path, len(_HDF5)) == _HDF5 or set(archive_names(path)) >= _MEMBERS


def read(request: Request) -> Origin:
    """Load the model, in safe mode unless code is allowed. Raises: RecipeError."""
    if head(request.path, len(_HDF5)) == _HDF5:
        request.refuse_executable("an old .h5 model", "load it where it was made and save it as .keras")
    tensorflow()
    keras = needed("keras", "tensorflow")
    try:
        model = keras.models.load_model(request.path, compile=False, safe_mode=not request.allow_executable)
    except Exception as error:  # Keras's own errors, and those of a model's classes
        raise RecipeError(
            f"{request.source}: Keras {keras.__version__} cannot load it ({one_line(error)}); a model with "
            "code of its own is packed as FILE.py:NAME, a function that returns it"
        ) from error
    return origin_of(model, request)


def origin_of(model: Any, request: Request) -> Origin:
    """Convert a model whose inputs and outputs are known. Raises: RecipeError."""
    tf, keras = tensorflow(), needed("keras", "tensorflow")
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise RecipeError(
            f"{request.source}: found {type(model).__name__}, a model without known inputs, expected one "
            "that was built of layers; save it with model.export and pack the SavedModel"
        )
    inputs = {tensor.name: tensor for tensor in model.inputs}
    names = _output_names(model)
    specs = [
        tf.TensorSpec(tensor.shape, tensor.dtype, name=f"input_{place}")
        for place, tensor in enumerate(model.inputs)
    ]
    function = tf.function(lambda *given: _outputs(model, given), input_signature=specs)
    concrete = function.get_concrete_function()
    freeze = needed("tensorflow.python.framework.convert_to_constants", "tensorflow")
    frozen = freeze.convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    tensors = dict(zip(inputs, (one.name for one in frozen.inputs), strict=True))
    fetches = dict(zip(names, (one.name for one in frozen.outputs), strict=True))
    shapes = {name: open_shape(tensor.shape) for name, tensor in inputs.items()}
    shapes |= {name: open_shape(tensor.shape) for name, tensor in zip(names, model.outputs, strict=True)}
    source = converted(frozen.graph.as_graph_def(), tensors, fetches, shapes, request)
    graph, version = OnnxOracle(source.model), needed("tf2onnx", "tensorflow").__version__
    wide = _widened(model)
    asked = model if wide is None else wide

    def ask(given: Mapping[str, Array]) -> Mapping[str, Any]:
        found = _outputs(asked, [given[name] for name in inputs])
        return dict(zip(names, (np.asarray(one) for one in found), strict=True))

    oracle = WitnessedOracle if wide is None else FrameworkOracle
    return Origin(
        source.inputs,
        source.outputs,
        (onnx_draft(source, request.derived(f"tf2onnx {version}")),),
        oracle("keras", keras.__version__, ask, graph),
        facts=BATCH_FACTS,
        lost=("The optimizer, the losses and the metrics of training are not in the graph.",),
    )


def _outputs(model: Any, given: Any) -> list[Any]:
    tree = needed("keras.tree", "tensorflow")
    answer = model(list(given) if len(given) > 1 else given[0], training=False)
    return list(tree.flatten(answer))


def _output_names(model: Any) -> list[str]:
    """Return the names of the layers that answer, which are what a person called the outputs."""
    names = []
    for place, tensor in enumerate(model.outputs):
        history = getattr(tensor, "_keras_history", None)
        name = history.operation.name if history is not None else f"output_{place}"
        names.append(name if name not in names else f"{name}_{place}")
    return names


def _widened(model: Any) -> Any | None:
    """Return the model built again with float64 in all its layers, or None when it cannot be."""
    try:
        twin = type(model).from_config(_in_float64(model.get_config()))
        twin.set_weights([np.asarray(one, np.float64) for one in model.get_weights()])
        floats = [one.dtype for one in twin.outputs if "float" in str(one.dtype)]
    except Exception:  # a layer may insist on its type in any way it likes
        return None
    return twin if all(str(one) == "float64" for one in floats) else None


def _in_float64(config: Any) -> Any:
    if isinstance(config, dict):
        return {key: _in_float64(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_in_float64(value) for value in config)
    return "float64" if config == "float32" else config
