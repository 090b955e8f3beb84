"""What a gRPC server refuses with INVALID_ARGUMENT: forms, entries, elements, names, datatypes, shapes."""

from collections.abc import Callable, Iterable, Sequence

from lepton_conformance.models.catalog import BF16, model
from lepton_conformance.outcome import NotTested
from lepton_conformance.strategies import grpc_malformed
from lepton_conformance.strategies.grpc_malformed import NARROW, Wrong
from lepton_conformance.strategies.grpc_requests import raw_request, typed_request
from lepton_conformance.strategies.tensors import Given, given, ordinary
from lepton_conformance.subject.grpc import GrpcSubject
from lepton_conformance.suite.calls import (
    ALL_MODELS,
    CORE_MODELS,
    TYPED_MODELS,
    available,
    refused,
    require,
)
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement

FP16_MODEL = "lepton_id_fp16"
#: Models of unlike datatypes, for what is refused whatever the model.
UNLIKE_MODELS = (*CORE_MODELS, "lepton_id_bool", "lepton_id_bytes", "lepton_id_int64", "lepton_id_fp64")


def _refuses(grpc: GrpcSubject, wrong: Wrong) -> None:
    refused(grpc.call("ModelInfer", wrong.message), f"{wrong.model} {wrong.what}")


def _each_refused(
    grpc: GrpcSubject, budget: Budget, names: Sequence[str], make: Callable[[Given], Iterable[Wrong]]
) -> None:
    """Send the wrong requests of one kind to those of the models that there are."""
    found = available(grpc, names)
    each(
        budget,
        [wrong for name in found for wrong in make(given(name))],
        lambda wrong: _refuses(grpc, wrong),
    )


@requirement("INF-GRP-20", needs=("INF-GRP-08", "INF-GRP-09", "INF-GRP-33"))
def test_both_forms_at_once_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, UNLIKE_MODELS, grpc_malformed.both_forms)


@requirement("INF-GRP-21", needs=("INF-GRP-09", "INF-GRP-33"))
def test_another_number_of_raw_entries_is_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, (*UNLIKE_MODELS, FP16_MODEL), grpc_malformed.entries)


@requirement("INF-GRP-22", needs=("INF-GRP-09", "INF-GRP-33"))
def test_raw_entries_of_another_length_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, ALL_MODELS, grpc_malformed.lengths)


@requirement("INF-GRP-23", needs=("INF-GRP-08", "INF-GRP-33"))
def test_values_outside_narrow_datatypes_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    names = tuple(f"lepton_id_{datatype.lower()}" for datatype in NARROW)
    _each_refused(grpc, budget, names, grpc_malformed.narrow)
    require(grpc, *names)


@requirement("INF-GRP-24", needs=("INF-GRP-08", "INF-GRP-33"))
def test_elements_in_another_field_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, TYPED_MODELS, grpc_malformed.fields)


@requirement("INF-GRP-25", needs=("INF-GRP-08", "INF-GRP-33"))
def test_another_count_than_the_shape_says_is_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, TYPED_MODELS, grpc_malformed.counts)


@requirement("INF-GRP-26", needs=("INF-GRP-08", "INF-GRP-33"))
def test_unknown_missing_and_duplicate_inputs_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, UNLIKE_MODELS, grpc_malformed.inputs)


@requirement("INF-GRP-27", needs=("INF-GRP-08", "INF-GRP-33"))
def test_other_datatypes_than_the_model_has_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, (*UNLIKE_MODELS, FP16_MODEL), grpc_malformed.datatypes)


@requirement("INF-GRP-28", needs=("INF-GRP-08", "INF-GRP-33"))
def test_shapes_that_a_model_cannot_take_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    def make(case: Given) -> list[Wrong]:
        facts = grpc.model(case.model.name)
        own = case.model.inputs[0].name
        known = next((fact.shape for fact in facts.inputs if fact.name == own), ())
        return grpc_malformed.shapes(case, known)

    _each_refused(grpc, budget, UNLIKE_MODELS, make)


@requirement("INF-GRP-28", needs=("INF-GRP-08", "INF-GRP-33"))
def test_unlike_sizes_of_equal_symbols_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    require(grpc, "lepton_sub")
    entry = model("lepton_sub")
    pairs = (
        ((2, 3), (3, 2)),
        ((2, 3), (2, 4)),
        ((1, 3), (2, 3)),
        ((2, 3), (1, 3)),
        ((2, 1), (2, 3)),
        ((1, 1), (2, 2)),
    )
    wrong = []
    for sizes in pairs:
        arrays = {
            tensor.name: ordinary(tensor, {"N": size[0], "M": size[1]})
            for tensor, size in zip(entry.inputs, sizes, strict=True)
        }
        case = Given(entry, arrays)
        for how, request in (("typed", typed_request), ("raw", raw_request)):
            what = f"inputs of the shapes {[list(size) for size in sizes]} ({how})"
            wrong.append(Wrong(case, what, request(case).encode()))
    each(budget, wrong, lambda item: _refuses(grpc, item))


@requirement("INF-GRP-29", needs=("INF-GRP-08", "INF-GRP-33"))
def test_unknown_and_duplicate_outputs_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    _each_refused(grpc, budget, UNLIKE_MODELS, grpc_malformed.outputs)


@requirement("INF-GRP-44", needs=("INF-GRP-09", "INF-GRP-33"))
def test_typed_elements_of_16_bit_floats_are_refused(grpc: GrpcSubject, budget: Budget) -> None:
    require(grpc, FP16_MODEL)
    wrong = list(grpc_malformed.sixteen_bits(given(FP16_MODEL)))
    try:
        require(grpc, BF16.name)
    except NotTested:
        pass  # A server need not have BF16.
    else:
        wrong += grpc_malformed.sixteen_bits(Given(BF16, {}))
    each(budget, wrong, lambda item: _refuses(grpc, item))
