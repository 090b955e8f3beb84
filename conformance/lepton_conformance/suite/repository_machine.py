"""A machine that loads, unloads, asks and compares: index, readiness and inference agree after every step.

Each case is a sequence of steps, drawn by Hypothesis through the driver: counted, the same for a seed, and
made smaller to the shortest sequence that fails.
"""

from collections.abc import Iterator

from lepton_conformance.outcome import SubjectFault
from lepton_conformance.strategies.cases import Cases, Digits
from lepton_conformance.strategies.requests import infer_request
from lepton_conformance.subject.http import Answer, HttpSubject
from lepton_conformance.suite.driver import Budget, examples
from lepton_conformance.suite.marks import requirement
from lepton_conformance.suite.protocol import accepted, expect_right, outputs_of
from lepton_conformance.suite.repository import (
    READY,
    Traffic,
    entries,
    is_ready,
    left_as_found,
    load,
    loaded,
    movable,
    question,
    unload,
)

#: What a step does to a model; all but the first three only ask.
RULES = ("load", "unload", "load under requests", "infer", "ready", "metadata", "index")
MODELS = 2
MAX_STEPS = 8

Step = tuple[str, int]
Steps = tuple[Step, ...]


def sequences(models: int) -> Cases[Steps]:
    """Return sequences of steps on so many models: the short ones that matter, then drawn ones."""

    def decode(number: int) -> Steps:
        digits = Digits(number)
        count = 2 + digits.take(MAX_STEPS - 1)
        return tuple((RULES[digits.take(len(RULES))], digits.take(models)) for _ in range(count))

    first: list[Steps] = [
        (("unload", 0),),
        (("unload", 0), ("load", 0)),
        (("load", 0), ("unload", 0)),
        (("unload", 0), ("unload", 0), ("load", 0)),
        (("load", 0), ("load", 0), ("unload", 0), ("infer", 0)),
        (("unload", 0), ("unload", 1 % models), ("load", 0)),
        (("unload", 0), ("load", 0), ("unload", 0), ("metadata", 0), ("load", 0)),
        (("infer", 0), ("unload", 0), ("infer", 0), ("load under requests", 0), ("infer", 0)),
        (("load under requests", 0), ("unload", 1 % models), ("load", 0)),
        tuple((("unload", "load")[index % 2], index // 2 % models) for index in range(MAX_STEPS)),
    ]
    return Cases(first, decode, shorter)


def shorter(steps: Steps) -> Iterator[Steps]:
    """Yield shorter sequences: halves, quarters and so on left out, down to single steps."""
    length = len(steps) // 2
    while length >= 1:
        for start in range(0, len(steps), length):
            rest = steps[:start] + steps[start + length :]
            if rest:
                yield rest
        length //= 2


class Machine:
    """The models of one sequence, and which of them are loaded by the rules."""

    def __init__(self, http: HttpSubject, names: tuple[str, ...]) -> None:
        self.http, self.names = http, names
        self.ready = dict.fromkeys(names, True)

    def start(self) -> None:
        """Load all models."""
        for name in self.names:
            loaded(self.http, name)

    def step(self, step: Step) -> None:
        """Do one step. Raises: SubjectFault."""
        rule, name = step[0], self.names[step[1] % len(self.names)]
        if rule not in RULES[:3]:
            if rule == "infer":
                self.infers(name)
        elif rule == "unload":
            status = unload(self.http, name).status
            if status not in ((200,) if self.ready[name] else (200, 404)):
                raise SubjectFault(f"unloading {name} gave status {status}, expected 200")
            self.ready[name] = False
        elif rule == "load" or not self.ready[name]:
            status = load(self.http, name).status
            if status != 200:
                raise SubjectFault(f"loading {name} gave status {status}, expected 200")
            self.ready[name] = True
        elif rule == "load under requests":
            with Traffic(self.http, question(name), lambda answer: self.right(name, answer)):
                load(self.http, name)

    def right(self, name: str, answer: Answer) -> None:
        """Check one answer. Raises: SubjectFault."""
        expect_right(question(name), outputs_of(accepted(answer, f"{name} a valid request")))

    def infers(self, name: str) -> None:
        """Ask for an inference and check that it fits the state. Raises: SubjectFault."""
        answer = self.http.infer(name, infer_request(question(name)))
        if self.ready[name]:
            self.right(name, answer)
        elif answer.status != 404:
            raise SubjectFault(
                f"a valid request to {name}, which is unloaded, gave status {answer.status}, expected 404"
            )

    def agree(self) -> None:
        """Compare index, readiness, metadata and inference with the state. Raises: SubjectFault."""
        listed = {entry["name"]: entry.get("state") for entry in entries(self.http)}
        for name, ready in self.ready.items():
            found = {
                "index": listed.get(name) == READY,
                "readiness": is_ready(self.http, name),
                "metadata": self.http.get(self.http.model_path(name)).status == 200,
            }
            wrong = [what for what, said in found.items() if said is not ready]
            if wrong:
                state = "loaded" if ready else "unloaded"
                raise SubjectFault(
                    f"{name} is {state}; found that {' and '.join(wrong)} say otherwise (index: "
                    f"{listed.get(name)!r})"
                )
            self.infers(name)


@requirement("INF-REP-20", needs=("INF-REP-03", "INF-REP-07", "INF-REP-09", "INF-REP-11", "INF-REP-12"))
def test_index_readiness_and_inference_agree(http: HttpSubject, budget: Budget) -> None:
    names = movable(http, MODELS)

    def body(steps: Steps) -> None:
        machine = Machine(http, names)
        machine.start()
        done: list[str] = []
        try:
            for step in steps:
                done.append(f"{step[0]} {names[step[1] % len(names)]}")
                machine.step(step)
                machine.agree()
        except SubjectFault as fault:
            raise SubjectFault(f"after {'; '.join(done)}: {fault}") from fault

    with left_as_found(http, *names):
        examples(budget, sequences(len(names)), body)
