"""The intervals of sums, windows, normalisations and reductions hold what two engines answer."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper

from lepton_conformance.oracle.interval import Interval, Undecidable, median_slack, vague

Array = npt.NDArray[Any]
SEEDS = range(4)


def normal(rng: np.random.Generator, *shape: int, dtype: Any = np.float32) -> Array:
    return rng.standard_normal(shape).astype(dtype)


def node(operator: str, inputs: list[str], outputs: list[str] | None = None, **attributes: Any) -> Any:
    kept = {name: value for name, value in attributes.items() if value is not None}
    return helper.make_node(operator, inputs, outputs or ["y"], **kept)


def integers(*values: int) -> Array:
    return np.array(values, np.int64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_sums_of_products_hold_the_answers_of_engines(dtype: Any, lawful: Any) -> None:
    rng = np.random.default_rng(1)
    for turn in range(40):
        m, k, n = (int(size) for size in rng.integers(1, 40, 3))
        a, b = normal(rng, 2, m, k, dtype=dtype), normal(rng, k, n, dtype=dtype)
        c = normal(rng, n, dtype=dtype)
        found = lawful([node("MatMul", ["a", "b"])], {"a": a, "b": b})
        if dtype == np.float32:
            assert median_slack(found["y"]) < 12 * k + 40
        fused = [node("MatMul", ["a", "b"], ["t"]), node("Add", ["t", "c"], ["u"]), node("Relu", ["u"])]
        lawful(fused, {"a": a}, constants={"b": b, "c": 1e6 * c if dtype != np.float16 else c})
        left, right = (a[0].T if turn % 2 else a[0]), (b.T if turn // 2 % 2 else b)
        names = ["a", "b", "c"][: 2 + turn % 3 % 2]
        inputs = {"a": left.copy(), "b": right.copy(), "c": c}
        gemm = node("Gemm", names, transA=turn % 2, transB=turn // 2 % 2, alpha=0.5, beta=float(turn % 4))
        lawful([gemm], {name: inputs[name] for name in names})
        equation = ["bmk,kn->bnm", "bmk,kn", "bmk,kn->b", "...mk,kn->...nm"][turn % 4]
        lawful([node("Einsum", ["a", "b"], equation=equation)], {"a": a, "b": b})


def test_sums_of_products_of_nothing_and_of_integers_are_exact(lawful: Any) -> None:
    rng = np.random.default_rng(2)
    empty = lawful(
        [node("MatMul", ["a", "b"])], {"a": normal(rng, 2, 0), "b": normal(rng, 0, 3)}, reference=True
    )
    assert np.abs(empty["y"].hi).max() < 1e-30
    for dtype in (np.int32, np.int64):
        a, b = rng.integers(-99, 99, (3, 5)).astype(dtype), rng.integers(-99, 99, (5, 2)).astype(dtype)
        found = lawful([node("MatMul", ["a", "b"])], {"a": a, "b": b})
        assert np.array_equal(found["y"].lo, np.matmul(a, b))


def _window(rng: np.random.Generator) -> tuple[list[int], list[int], dict[str, Any]]:
    rank = int(rng.integers(1, 3))
    sizes, kernel = rng.integers(5, 12, rank).tolist(), rng.integers(1, 4, rank).tolist()
    mode = str(rng.choice(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    attributes: dict[str, Any] = {"strides": rng.integers(1, 4, rank).tolist(), "auto_pad": mode}
    if not mode.startswith("SAME"):  # onnxruntime refuses dilations there
        attributes["dilations"] = rng.integers(1, 3, rank).tolist()
    if mode == "NOTSET":
        attributes["pads"] = rng.integers(0, 2, 2 * rank).tolist()
    return sizes, kernel, attributes


@pytest.mark.parametrize("seed", SEEDS)
def test_convolutions_hold_the_answers_of_engines(seed: int, lawful: Any) -> None:
    rng = np.random.default_rng(seed)
    for turn in range(20):
        dtype = np.float16 if turn % 5 == 0 else np.float32
        group = int(rng.integers(1, 3))
        channels, maps = group * int(rng.integers(1, 5)), group * int(rng.integers(1, 5))
        sizes, kernel, attributes = _window(rng)
        x = normal(rng, 2, channels, *sizes, dtype=dtype)
        w, b = normal(rng, maps, channels // group, *kernel, dtype=dtype), normal(rng, maps, dtype=dtype)
        conv = node("Conv", ["x", "w", "b"], group=group, **attributes)
        lawful([conv], {"x": x, "w": w, "b": b}, reference=False)
        parameters = {name: normal(rng, maps, dtype=dtype) for name in ("s", "o", "m")}
        parameters["v"] = np.abs(normal(rng, maps, dtype=dtype)) + dtype(0.1)
        conv = node("Conv", ["x", "w", "b"], ["c"], group=group, **attributes)
        norm = node("BatchNormalization", ["c", "s", "o", "m", "v"], ["n"])
        block = [conv, norm, node("Relu", ["n"])]
        lawful(block, {"x": x}, constants={"w": w, "b": b, **parameters}, reference=False)
        if turn % 2 and attributes["auto_pad"] in ("NOTSET", "VALID"):
            turned = normal(rng, channels, maps // group, *kernel, dtype=dtype)
            padding = [int(stride > 1) for stride in attributes["strides"]]
            transposed = node(
                "ConvTranspose",
                ["x", "w", "b"],
                group=group,
                output_padding=padding,
                **{name: value for name, value in attributes.items() if name != "pads"},
            )
            lawful([transposed], {"x": x, "w": turned, "b": b}, reference=False)


@pytest.mark.parametrize("seed", SEEDS)
def test_pooling_holds_the_answers_of_onnxruntime(seed: int, lawful: Any) -> None:
    # Not of onnx's evaluator: it gets shapes of `ceil_mode`, dilations and auto_pad wrong, and GlobalMaxPool
    # of rank 3.
    rng = np.random.default_rng(seed)
    for turn in range(30):
        sizes, kernel, attributes = _window(rng)
        x = normal(rng, 2, 3, *sizes)
        attributes["kernel_shape"] = [max(2, size) for size in kernel]
        if attributes["auto_pad"] == "NOTSET":
            attributes["ceil_mode"] = turn % 2
        opset = 19 if turn % 3 else 17
        try:
            lawful([node("MaxPool", ["x"], ["y", "i"], **attributes)], {"x": x}, ("y", "i"), reference=False)
            if opset == 17:
                attributes.pop("dilations", None)
            average = node("AveragePool", ["x"], count_include_pad=turn // 2 % 2, **attributes)
            lawful([average], {"x": x}, opset=opset, reference=False)
        except Undecidable:
            assert attributes.get("ceil_mode")
        for operator in ("GlobalAveragePool", "GlobalMaxPool"):
            lawful([node(operator, ["x"])], {"x": x}, reference=len(sizes) == 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_normalisations_hold_the_answers_of_engines(seed: int, lawful: Any) -> None:
    rng = np.random.default_rng(seed)
    for turn in range(15):
        dtype = np.float16 if turn % 5 == 0 else np.float32
        scale = 1.0 if dtype == np.float16 else 10.0 ** int(rng.integers(-3, 3))
        x = (scale * (rng.standard_normal((2, 3, 4, 7)) + rng.integers(0, 3))).astype(dtype)
        axis = int(rng.integers(-4, 4))
        epsilon = float(rng.choice([1e-5, 1e-3]))
        inputs = {"x": x, "s": normal(rng, *x.shape[axis % 4 :], dtype=dtype)}
        inputs["b"] = normal(rng, *x.shape[axis % 4 :], dtype=dtype)
        layer = node("LayerNormalization", ["x", "s", "b"], ["y", "m", "i"], axis=axis, epsilon=epsilon)
        # onnx's evaluator does stage one in FP16 where `stash_type` says FP32.
        lawful([layer], inputs, ("y", "m", "i"), reference=dtype == np.float32)
        channel = {name: normal(rng, 3, dtype=dtype) for name in ("s", "b", "m")}
        channel["v"] = np.abs(normal(rng, 3, dtype=dtype))
        instance = node("InstanceNormalization", ["x", "s", "b"], epsilon=epsilon)
        lawful([instance], {"x": x, "s": channel["s"], "b": channel["b"]})
        batch = node("BatchNormalization", ["x", "s", "b", "m", "v"], epsilon=epsilon)
        found = lawful([batch], {"x": x, **channel})
        assert dtype == np.float16 or not vague(found["y"]).all()
        for operator in ("Softmax", "LogSoftmax"):
            lawful([node(operator, ["x"], axis=axis)], {"x": x})
        rows = x.copy()
        rows[0, 0] = 0
        for order in (1, 2):  # onnx's evaluator forgets the magnitudes for p = 1
            norm = node("LpNormalization", ["x"], axis=axis, p=order)
            lawful([norm], {"x": rows}, reference=order == 2)


def test_masked_softmax_holds_the_answers_of_engines(lawful: Any) -> None:
    rng = np.random.default_rng(3)
    x = normal(rng, 3, 6)
    x[:, 4:] = -np.inf
    found = lawful([node("Softmax", ["x"])], {"x": x})
    assert found["y"].hi[:, 4:].max() == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_reductions_hold_the_answers_of_engines(seed: int, lawful: Any) -> None:
    rng = np.random.default_rng(seed)
    names = ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2")
    for turn in range(10):
        x = 3 * normal(rng, 2, 3, 9)
        whole = rng.integers(-5, 6, (2, 3, 4)).astype([np.int32, np.int64][turn % 2])
        for operator in names:
            for opset in (13, 18):
                axes = [int(a) for a in sorted(rng.choice(3, rng.integers(1, 4), replace=False))]
                axes = [a - 3 if rng.random() < 0.5 else a for a in axes]
                given = operator == "ReduceSum" or opset >= 18
                made = node(
                    operator,
                    ["x", "a"] if given else ["x"],
                    keepdims=turn % 2,
                    axes=None if given else axes,
                )
                constants = {"a": integers(*axes)} if given else None
                lawful([made], {"x": x}, constants=constants, opset=opset)
                if operator not in ("ReduceMean", "ReduceL2"):
                    lawful([made], {"x": whole}, constants=constants, opset=opset)
        ties = rng.integers(-3, 3, (3, 4, 5)).astype(np.float32)
        for operator in ("ArgMax", "ArgMin"):
            attributes: dict[str, Any] = {"axis": int(rng.integers(-3, 3)), "keepdims": turn % 2}
            lawful([node(operator, ["x"], select_last_index=turn // 2 % 2, **attributes)], {"x": ties})
        running = node("CumSum", ["x", "a"], exclusive=turn % 2, reverse=turn // 2 % 2)
        lawful([running], {"x": x}, constants={"a": np.array(turn % 3, np.int64)})
        best = node("TopK", ["x", "k"], ["y", "i"], axis=turn % 3, largest=turn % 2)
        lawful([best], {"x": ties}, ("y", "i"), constants={"k": integers(3)})


def test_operators_of_computed_operands_hold_the_answers_of_onnxruntime(lawful: Any) -> None:
    # On intervals, not points: everything below depends on Sin.
    rng = np.random.default_rng(4)
    parts = [
        node("TopK", ["s", "k"], ["v", "i"]),
        node("ArgMax", ["s"], ["p"], axis=1),
        node("ReduceProd", ["s"], ["q"], axes=[1]),
        node("MaxPool", ["s"], ["r"], kernel_shape=[2]),
        node("AveragePool", ["s"], ["t"], kernel_shape=[3]),
        node("LayerNormalization", ["s", "one"], ["u"]),
        node("InstanceNormalization", ["s", "c", "c"], ["w"]),
        node("Softmax", ["s"], ["z"]),
        node("LogSoftmax", ["s"], ["a"]),
        node("LpNormalization", ["s"], ["b"]),
        node("ReduceL2", ["s"], ["d"], axes=[0]),
        node("ReduceSum", ["s"], ["e"]),
        node("MatMul", ["s", "m"], ["f"]),
        node("Floor", ["s"], ["g"]),
        node("Cast", ["s"], ["h"], to=int(onnx.TensorProto.INT32)),
        node("Greater", ["s", "one"], ["j"]),
        node("Where", ["j", "s", "one"], ["l"]),
        node("QuantizeLinear", ["s", "scale", "zero"], ["n"]),
    ]
    outputs = tuple(output for part in parts for output in part.output)
    constants = {
        "k": integers(2),
        "one": np.full(9, 0.5, np.float32),
        "c": normal(rng, 3),
        "m": normal(rng, 9, 4),
        "scale": np.array(0.01, np.float32),
        "zero": np.array(3, np.int8),
    }
    for _ in range(25):
        x = 3 * normal(rng, 2, 3, 9)
        sine = node("Sin", ["x"], ["s"])
        found: dict[str, Interval] = lawful([sine, *parts], {"x": x}, outputs, constants, reference=False)
        for name in ("v", "t", "u", "z", "b", "d", "f"):
            assert vague(found[name]).mean() < 0.1, name
