"""Tests of the adapter's side of a runtime: hello, load, infer, errors, unload, shutdown (Spec: RUN-ADP)."""

import lepton_spec
from lepton_conformance.models.catalog import model
from lepton_conformance.oracle.answers import expected
from lepton_conformance.outcome import AdapterFault, NotTested, SubjectFault
from lepton_conformance.strategies.tensors import given
from lepton_conformance.subject.capabilities import wrong_capabilities
from lepton_conformance.subject.exchange import LineExchange
from lepton_conformance.subject.stdio import ERROR_CODES, LoadedModel, Rejection, StdioSubject
from lepton_conformance.subject.tensor_lines import datatype_of
from lepton_conformance.suite.computation import ALL_MODELS, compute, judged, load, load_beside, sent, usable
from lepton_conformance.suite.driver import Budget, each
from lepton_conformance.suite.marks import requirement

PLAIN = ("lepton_id_fp32", "lepton_affine", "lepton_id_int64", "lepton_id_int32", *ALL_MODELS)


@requirement("RUN-ADP-01")
def test_the_first_line_is_the_hello(runtime: StdioSubject, budget: Budget) -> None:
    def check(_: str) -> None:
        runtime.recorder.add(LineExchange("", runtime.hello_line.decode("utf-8", "replace")))
        try:
            hello = runtime.hello()
        except AdapterFault as fault:
            # This one requirement is about the adapter: its fault is the subject's.
            raise SubjectFault(str(fault)) from fault
        capabilities = hello.get("capabilities")
        listed = capabilities if isinstance(capabilities, dict) else {}
        found = {
            "lepton": isinstance(hello.get("lepton"), str),
            "protocol": type(hello.get("protocol")) is int and hello["protocol"] == 1,
            "name": isinstance(hello.get("name"), str) and hello["name"] != "",
            "version": isinstance(hello.get("version"), str),
            "capabilities": isinstance(capabilities, dict),
            "capabilities.datatypes": _strings(listed.get("datatypes"), set(lepton_spec.datatypes())),
            "capabilities.formats": _strings(listed.get("formats"), None),
        }
        wrong = [member for member, right in found.items() if not right] + [*wrong_capabilities(listed)]
        if wrong:
            raise SubjectFault(f"found the hello {hello!r:.300}, expected other values of {', '.join(wrong)}")

    each(budget, ["hello"], check)


def _strings(value: object, allowed: set[str] | None) -> bool:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        return False
    return allowed is None or set(value) <= allowed


@requirement("RUN-ADP-02", needs=("RUN-ADP-01",))
def test_load_describes_the_model_as_its_file_does(runtime: StdioSubject, budget: Budget) -> None:
    def check(name: str) -> None:
        entry = model(name)
        found = load(runtime, name)
        for which, specs, tensors in (
            ("inputs", found.inputs, entry.inputs),
            ("outputs", found.outputs, entry.outputs),
        ):
            seen = [(spec.name, spec.datatype, list(spec.shape)) for spec in specs]
            right = [(tensor.name, tensor.datatype, tensor.metadata_shape()) for tensor in tensors]
            if seen != right:
                raise SubjectFault(f"sent load of {name}; found the {which} {seen}, expected {right}")

    each(budget, usable(runtime), check)


@requirement("RUN-ADP-03", needs=("RUN-ADP-02",))
def test_infer_answers_every_output_with_its_datatype_and_shape(
    runtime: StdioSubject, budget: Budget
) -> None:
    def check(case: tuple[str, int, int]) -> None:
        name, rows, columns = case
        request = given(name, rows, columns)
        outputs = compute(runtime, name, request.inputs).outputs
        right = {
            tensor.name: (tensor.datatype, expected(request.model, request.inputs)[tensor.name].shape)
            for tensor in request.model.outputs
        }
        seen = {key: (datatype_of(array), array.shape) for key, array in outputs.items()}
        if seen != right:
            raise SubjectFault(f"sent {sent(name, request.inputs)}; found {seen}, expected {right}")

    sizes = ((2, 3), (1, 1), (5, 2))
    each(budget, [(name, *size) for name in usable(runtime) for size in sizes], check)


@requirement("RUN-ADP-04", needs=("RUN-ADP-02",))
def test_a_rejection_is_an_error_and_the_adapter_goes_on(runtime: StdioSubject, budget: Budget) -> None:
    name = judged(runtime, *PLAIN)

    def check(what: str) -> None:
        loaded = load(runtime, name)
        found: object
        if what == "an unknown model":
            found = runtime.infer(LoadedModel("no-such-model", (), ()), given(name).inputs)
        elif what == "no inputs":
            found = runtime.infer(loaded, {})
        elif what == "a missing file":
            missing = runtime.file("gone.onnx", b"")
            missing.unlink()
            found = runtime.load(missing)
        elif what == "a file that is no model":
            found = runtime.load(runtime.file("text.onnx", b"this is not a model\n" * 20))
        else:
            found = runtime.unload(LoadedModel("no-such-model", (), ()))
        if not isinstance(found, Rejection):
            raise SubjectFault(f"sent {what}; found an answer, expected an error")
        if found.code not in ERROR_CODES or not isinstance(found.message, str) or not found.message.strip():
            raise SubjectFault(
                f"sent {what}; found an error of code {found.code!r} and message {found.message!r}, expected "
                f"a code among {', '.join(ERROR_CODES)} and a message"
            )
        compute(runtime, name, given(name).inputs)

    requests = (
        "an unknown model",
        "no inputs",
        "a missing file",
        "a file that is no model",
        "unload of an unknown model",
    )
    each(budget, requests, check)


@requirement("RUN-ADP-05", needs=("RUN-ADP-04",))
def test_after_unload_only_the_unloaded_model_is_gone(runtime: StdioSubject, budget: Budget) -> None:
    name = judged(runtime, *PLAIN)

    def check(which: int) -> None:
        loaded = [load_beside(runtime, name) for _ in range(2)]
        first, second = (loaded[which], loaded[1 - which])
        if first.handle == second.handle:
            raise SubjectFault(f"sent load twice; found the model {first.handle!r} twice")
        refused = runtime.unload(first)
        if refused is not None:
            raise SubjectFault(f"sent unload; found the rejection {refused.code}: {refused.message}")
        for operation, found in (
            ("infer", runtime.infer(first, given(name).inputs)),
            ("unload", runtime.unload(first)),
        ):
            if not isinstance(found, Rejection):
                raise SubjectFault(f"sent {operation} of an unloaded model; found an answer, not an error")
        if isinstance(runtime.infer(second, given(name).inputs), Rejection):
            raise SubjectFault("sent infer for the other model after an unload; found an error")
        runtime.unload(second)

    each(budget, (0, 1), check)


@requirement("RUN-ADP-06", needs=("RUN-ADP-01",))
def test_shutdown_ends_the_adapter_with_status_0(runtime: StdioSubject, budget: Budget) -> None:
    def check(loads: bool) -> None:
        runtime.restart()
        if loads:
            try:
                load(runtime, judged(runtime, *PLAIN))
            except (SubjectFault, NotTested):
                runtime.restart()
        status = runtime.shutdown()
        if status is None:
            raise SubjectFault("sent shutdown; found that the process goes on, expected its end")
        if status != 0:
            raise SubjectFault(f"sent shutdown; found the exit status {status}, expected 0")

    each(budget, (False, True), check)
