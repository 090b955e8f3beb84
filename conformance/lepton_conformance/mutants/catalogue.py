"""Which subjects broken on purpose there are.

Owns the explicit list; leaves the faults to the modules beside it. Serves every chapter that the suite tests.
"""

from pathlib import Path

from lepton_conformance.mutants import (
    abuse_faults,
    acceptance_faults,
    binary_faults,
    compression_faults,
    data_faults,
    disclosure_faults,
    error_faults,
    framing_faults,
    graph_elementwise_faults,
    graph_flow_faults,
    graph_form_faults,
    graph_index_faults,
    graph_layer_faults,
    grpc_answer_faults,
    grpc_call_faults,
    grpc_companion_faults,
    grpc_input_faults,
    grpc_lawful,
    grpc_raw_faults,
    grpc_service_faults,
    grpc_shape_faults,
    grpc_trivial,
    grpc_typed_faults,
    grpc_value_faults,
    history_faults,
    lawful,
    lawful_choices,
    loading_faults,
    metadata_faults,
    package_repository,
    rare_faults,
    reader_faults,
    repository_faults,
    request_faults,
    response_faults,
    service_faults,
    strictness_faults,
    trivial,
)
from lepton_conformance.mutants.engine_graph import GraphEngine
from lepton_conformance.mutants.grpc_naive import NaiveGrpc
from lepton_conformance.mutants.naive import Naive
from lepton_conformance.mutants.repository import NaiveRepository

__all__ = [
    "GRAPH_ENGINES",
    "GRPC_SERVERS",
    "REPOSITORY_SERVERS",
    "SERVERS",
    "TRIVIAL_GRPC_SERVERS",
    "TRIVIAL_SERVERS",
    "grpc_server",
    "repository_server",
    "server",
]

#: Every server with one planted fault, in the order of the requirements that they break.
SERVERS: tuple[type[Naive], ...] = tuple(
    sorted(
        (
            *metadata_faults.ALL,
            *response_faults.ALL,
            *data_faults.ALL,
            *strictness_faults.ALL,
            *acceptance_faults.ALL,
            *error_faults.ALL,
            *request_faults.ALL,
            *service_faults.ALL,
            *binary_faults.ALL,
            *compression_faults.ALL,
            *framing_faults.ALL,
            *abuse_faults.ALL,
            *history_faults.ALL,
            *disclosure_faults.ALL,
            *rare_faults.ALL,
            *reader_faults.ALL,
        ),
        key=lambda mutant: mutant.id,
    )
)
#: Every server with one planted fault in its repository.
REPOSITORY_SERVERS: tuple[type[NaiveRepository], ...] = tuple(
    sorted(
        (
            *repository_faults.ALL,
            *loading_faults.ALL,
            *package_repository.ALL,
            *reader_faults.REPOSITORIES,
        ),
        key=lambda mutant: mutant.id,
    )
)
#: Every gRPC server with one planted fault.
GRPC_SERVERS: tuple[type[NaiveGrpc], ...] = tuple(
    sorted(
        (
            *grpc_service_faults.ALL,
            *grpc_answer_faults.ALL,
            *grpc_value_faults.ALL,
            *grpc_raw_faults.ALL,
            *grpc_typed_faults.ALL,
            *grpc_input_faults.ALL,
            *grpc_shape_faults.ALL,
            *grpc_call_faults.ALL,
            *grpc_companion_faults.ALL,
            *reader_faults.GRPC,
        ),
        key=lambda mutant: mutant.id,
    )
)
#: Every engine over whole graphs with one planted fault.
GRAPH_ENGINES: tuple[type[GraphEngine], ...] = tuple(
    sorted(
        (
            *graph_elementwise_faults.ALL,
            *graph_layer_faults.ALL,
            *graph_index_faults.ALL,
            *graph_flow_faults.ALL,
            *graph_form_faults.ALL,
        ),
        key=lambda mutant: mutant.id,
    )
)
#: Servers that no profile may pass.
TRIVIAL_SERVERS: tuple[type[Naive], ...] = trivial.ALL
TRIVIAL_GRPC_SERVERS: tuple[type[NaiveGrpc], ...] = grpc_trivial.ALL


def server(identifier: str) -> Naive:
    """Return a new server by its id, `correct` for the one without a fault.

    Raises: KeyError for an id that nothing has.
    """
    every: tuple[type[Naive], ...] = (Naive, *lawful.ALL, *lawful_choices.ALL, *SERVERS, *TRIVIAL_SERVERS)
    known = {mutant.id: mutant for mutant in every}
    return known[identifier]()


def repository_server(identifier: str, folder: Path) -> NaiveRepository:
    """Return a new server by its id, `correct` for the one without a fault, with the models of a folder.

    Raises: KeyError for an id that nothing has.
    """
    every: tuple[type[NaiveRepository], ...] = (
        *lawful_choices.REPOSITORIES,
        *REPOSITORY_SERVERS,
        *trivial.REPOSITORIES,
    )
    known: dict[str, type[NaiveRepository]] = {"correct": NaiveRepository}
    known |= {mutant.id: mutant for mutant in every}
    return known[identifier](folder)


def grpc_server(identifier: str) -> NaiveGrpc:
    """Return a new gRPC server by its id, `correct` for the one without a fault.

    Raises: KeyError for an id that nothing has.
    """
    every: tuple[type[NaiveGrpc], ...] = (NaiveGrpc, *grpc_lawful.ALL, *GRPC_SERVERS, *TRIVIAL_GRPC_SERVERS)
    known = {mutant.id: mutant for mutant in every}
    return known[identifier]()
