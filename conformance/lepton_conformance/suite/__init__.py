"""The tests of the conformance suite, one module a clause group; each cites its requirement.

Owns the tests, their marks and their driver; leaves reaching the subject to `subject`, expected answers to
`oracle` and verdicts to `verdict`. The modules are pytest files that only `lepton_conformance.collect` runs.
"""

__all__ = ["DATASET_MODULES", "GRPC_MODULES", "HTTP_MODULES", "PACKAGE_MODULES", "RUNTIME_MODULES"]

#: Modules that judge servers, in the order in which they run: what may harm a server comes last.
HTTP_MODULES = (
    "inference_health",
    "inference_metadata",
    "inference_answers",
    "inference_data",
    "inference_requests",
    "inference_spelling",
    "inference_encodings",
    "inference_binary",
    "inference_isolation",
    "inference_relations",
    "inference_operations",
    "inference_errors",
    "inference_refusals",
    "inference_binary_refusals",
    "inference_binary_limits",
    "inference_mutations",
    "inference_routes",
    "inference_disclosure",
    "inference_framing",
    "repository_index",
    "repository_loading",
    "repository_refusals",
    "repository_machine",
    "repository_files",
    "inference_limits",
    "inference_abuse",
)
#: Modules that judge servers over gRPC, in the order in which they run.
GRPC_MODULES = (
    "grpc_health",
    "grpc_metadata",
    "grpc_answers",
    "grpc_data",
    "grpc_isolation",
    "grpc_errors",
    "grpc_refusals",
    "grpc_limits",
)
#: Modules that judge validators, in the order in which they run.
PACKAGE_MODULES = (
    "package_protocol",
    "package_core",
    "package_layout",
    "package_manifest",
    "package_artifacts",
    "package_evidence",
    "package_reports",
    "package_safety",
)
#: Modules that judge validators of data sets, in the order in which they run.
DATASET_MODULES = ("dataset_documents", "dataset_records", "dataset_reports")
#: Modules that judge runtimes, in the order in which they run.
RUNTIME_MODULES = (
    "runtime_protocol",
    "runtime_numbers",
    "runtime_graphs",
    "runtime_arithmetic",
    "runtime_shapes",
    "runtime_spelling",
    "runtime_relations",
    "runtime_isolation",
    "runtime_refusals",
    "runtime_network",
)
