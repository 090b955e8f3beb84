"""A SavedModel, TensorFlow's folder with saved_model.pb and variables.

Owns the choice of the signature, and the operators that make such a model a program: a SavedModel may read
and write files and call Python, and may need a library of operators of its own. Leaves converting to
`lepton.convert.tensorflow`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lepton.convert.boosting import one_line
from lepton.convert.extras import needed
from lepton.convert.graphs import BATCH_FACTS
from lepton.convert.oracle import WitnessedOracle
from lepton.convert.request import Request
from lepton.convert.tensorflow import converted, open_shape, tensorflow
from lepton.errors import RecipeError
from lepton.pack.oracle import OnnxOracle
from lepton.pack.origin import Origin, onnx_draft
from lepton.runtime.protocol import Array

__all__ = ["NAME", "SAYS", "read", "recognises"]

NAME, SAYS = "tensorflow", "a SavedModel folder (operators that run code: --allow-executable)"

GRAPH = "saved_model.pb"
#: What is packed where a model has several signatures.
SIGNATURE = "serving_default"
#: Operators that call Python, or read and write files that the model names.
REACHING = frozenset(
    (
        *("PyFunc", "PyFuncStateless", "EagerPyFunc", "ReadFile", "WriteFile", "MatchingFiles"),
        *("WholeFileReader", "WholeFileReaderV2", "SaveDataset", "SaveDatasetV2", "LoadDataset"),
        *("TextLineDataset", "TFRecordDataset", "DebugIdentityV2", "RemoteCall", "PrintV2"),
    )
)


def recognises(path: Path) -> bool:
    """Say whether this is a folder with saved_model.pb."""
    return (path / GRAPH).is_file()


def read(request: Request) -> Origin:
    """Convert the signature `serving_default`, or the only one. Raises: RecipeError."""
    tf = tensorflow()
    meta = _meta_graph(request)
    _refuse_programs(meta, request)
    name = _signature_name(meta, request)
    signature = meta.signature_def[name]
    inputs = {key: signature.inputs[key] for key in sorted(signature.inputs)}
    outputs = {key: signature.outputs[key] for key in sorted(signature.outputs)}
    loader = needed("tf2onnx.tf_loader", "tensorflow")
    session = tf.compat.v1.Session(graph=tf.Graph())
    try:
        with session.graph.as_default():
            tf.compat.v1.saved_model.load(session, list(meta.meta_info_def.tags), str(request.path))
        frozen = loader.freeze_session(
            session,
            input_names=[one.name for one in inputs.values()],
            output_names=[one.name for one in outputs.values()],
        )
    except Exception as error:  # TensorFlow's own errors
        raise RecipeError(f"{request.source}: TensorFlow cannot load it ({one_line(error)})") from error
    shapes = {
        key: open_shape([dim.size for dim in one.tensor_shape.dim])
        for key, one in (*inputs.items(), *outputs.items())
        if not one.tensor_shape.unknown_rank
    }
    tensors = {key: one.name for key, one in inputs.items()}
    fetches = {key: one.name for key, one in outputs.items()}
    source = converted(frozen, tensors, fetches, shapes, request)

    def ask(given: Mapping[str, Array]) -> Mapping[str, Any]:
        feeds = {tensors[key]: array for key, array in given.items()}
        answers: Mapping[str, Any] = session.run(fetches, feeds)
        return answers

    version = needed("tf2onnx", "tensorflow").__version__
    return Origin(
        source.inputs,
        source.outputs,
        (onnx_draft(source, request.derived(f"tf2onnx {version}", GRAPH)),),
        WitnessedOracle("tensorflow", tf.__version__, ask, OnnxOracle(source.model)),
        facts=BATCH_FACTS,
        lost=tuple(_lost(meta, name, request.path)),
    )


def _meta_graph(request: Request) -> Any:
    protos = needed("tensorflow.core.protobuf.saved_model_pb2", "tensorflow")
    model = protos.SavedModel()
    try:
        model.ParseFromString((request.path / GRAPH).read_bytes())
    except Exception as error:  # protobuf's own class has no types, and there is OSError
        raise RecipeError(f"{request.source}: found no SavedModel in {GRAPH} ({error})") from error
    if not model.meta_graphs:
        raise RecipeError(f"{request.source}: found no graph in {GRAPH}, expected one")
    serving = [one for one in model.meta_graphs if "serve" in one.meta_info_def.tags]
    return (serving or list(model.meta_graphs))[0]


def _refuse_programs(meta: Any, request: Request) -> None:
    registry = needed("tensorflow.python.framework.op_def_registry", "tensorflow")
    used = {node.op for node in meta.graph_def.node}
    functions = meta.graph_def.library.function
    defined = {function.signature.name for function in functions}
    used |= {node.op for function in functions for node in function.node_def}
    unknown = sorted(name for name in used - defined if registry.get(name) is None)
    if unknown:
        raise RecipeError(
            f"{request.source}: found the operators {', '.join(unknown[:5])}, which TensorFlow knows only "
            "with a library of the model's maker; they have no form in ONNX"
        )
    reaching = sorted(used & REACHING)
    if reaching:
        request.refuse_executable(
            f"the operators {', '.join(reaching)}, which reach beyond the model",
            "save the model without them",
        )


def _signature_name(meta: Any, request: Request) -> str:
    names = [name for name in meta.signature_def if not name.startswith("__")]
    if SIGNATURE in names:
        return SIGNATURE
    if len(names) == 1:
        return str(names[0])
    raise RecipeError(
        f"{request.source}: found the signatures {sorted(names)}, expected {SIGNATURE!r} or a single one; "
        "save the model with the function to pack as its default"
    )


def _lost(meta: Any, name: str, folder: Path) -> list[str]:
    found = []
    others = sorted(one for one in meta.signature_def if one != name and not one.startswith("__"))
    if others:
        found.append(f"The signature {name} is packed, and not {', '.join(others)}.")
    assets = sorted(path.name for path in (folder / "assets").glob("*"))
    if assets:
        found.append(f"The assets {', '.join(assets)} are read by TensorFlow alone; the graph has none.")
    found.append("What further training needs stays with the SavedModel.")
    return found
