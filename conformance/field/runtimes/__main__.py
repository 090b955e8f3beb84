"""The command of the field runs of runtimes: `python -m field.runtimes run|replay|pin|describe [ENGINE...]`.

Owns the command line and what is printed; leaves each step to its module. Ends with 0 when every engine was
judged and shows exactly the verified deviations, 1 when something is new or gone, 2 when an engine could not
be installed or judged. Serves `runtime`.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence

import yaml

import lepton_spec
from field.__main__ import interrupt
from field.certification import CommandFault, certify
from field.environment import InstallFault
from field.place import BUILD
from field.runtimes import records
from field.runtimes.catalogue import ENGINES, Engine, find
from field.runtimes.deviations import FOLDER, KNOWN, deviations, known_file, page, replay
from field.runtimes.installation import install, versions
from field.runtimes.scripts import script

__all__ = ["main"]

NAMES = tuple(engine.name for engine in ENGINES)
PROFILE = "runtime"
#: Until when a pinned deviation counts: then somebody looks at a newer engine.
EXPIRES = "2027-05-31"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, call, print."""
    parser = argparse.ArgumentParser(prog="python -m field.runtimes", description=__doc__)
    parser.add_argument("what", choices=("run", "replay", "pin", "describe"))
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(NAMES)}; default all")
    parser.add_argument("--record", action="store_true", help="write results/ and deviations.md")
    parser.add_argument("--unlisted", action="store_true", help="judge without the lists, before pinning")
    parser.add_argument("--max-examples", type=int, metavar="N", help="as of lepton certify")
    args = parser.parse_intermixed_args(arguments)
    unknown = sorted(set(args.engines) - set(NAMES))
    if unknown:
        parser.error(f"found no engine {unknown[0]!r}, expected of {', '.join(NAMES)}")
    signal.signal(signal.SIGTERM, interrupt)
    if args.what == "describe":
        return _describe()
    options = ["--max-examples", str(args.max_examples)] if args.max_examples is not None else []
    found: list[dict[str, object]] = []
    steps: dict[str, Callable[[Engine], int]] = {
        "run": lambda engine: _run(engine, options, found, listed=not args.unlisted),
        "replay": _replay,
        "pin": _pin,
    }
    worst = 0
    for engine in (find(name) for name in args.engines or NAMES):
        try:
            worst = max(worst, steps[args.what](engine))
        except (InstallFault, CommandFault) as fault:
            _say(f"{engine.name}: {fault}")
            worst = 2
    for line in records.matrix(found, _titles()) if found else ():
        _say(line)
    if args.record:
        for record in found:
            records.write(record)
        _describe()
    return worst


def _say(line: str) -> None:
    print(line, flush=True)


def _titles() -> dict[str, str]:
    return {key: str(entry["title"]) for key, entry in lepton_spec.requirements().items()}


def _run(engine: Engine, options: Sequence[str], found: list[dict[str, object]], *, listed: bool) -> int:
    """Install where needed, judge, and compare with what is recorded."""
    begun = time.monotonic()
    if install(engine):
        _say(f"{engine.name}: installed in {time.monotonic() - begun:.0f} s")
    known = known_file(engine.name) if listed else None
    folder = BUILD / "report" / engine.name
    run = certify(engine.subject(), PROFILE, folder, known=known, options=options)
    record = records.build(engine, versions(engine), run)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in run.counts().items())
    _say(f"{engine.name}: {record['verdict']}, {counted}, {run.report['seconds']:.0f} s")
    for line in (*run.found, *records.differences(records.read(engine.name), record)):
        _say(f"  {line}")
    found.append(record)
    unlisted = set(run.failing()) if known is None else set()
    return 1 if run.exit_code == 1 or (listed and unlisted) else 0


def _replay(engine: Engine) -> int:
    """Run the program of each deviation with the engine alone."""
    install(engine)
    gone = 0
    for deviation in deviations(engine.name):
        holds, said = replay(deviation, engine.name)
        _say(f"{engine.name}: {deviation.name}: {'holds' if holds else 'GONE'}")
        if not holds:
            _say("  " + said.replace("\n", "\n  "))
            gone += 1
    return 1 if gone else 0


def _pin(engine: Engine) -> int:
    """Write an engine's list and its programs from the last run; a person has written what each deviation is.

    A failure is pinned by its test and kind: which case is the smallest depends on the time that is left.
    """
    report = BUILD / "report" / engine.name
    failures = [
        (entry["id"], test)
        for entry in json.loads((report / "report.json").read_bytes())["requirements"]
        if entry["verdict"] == "fail"
        for test in entry["tests"]
        if test.get("failure")
    ]
    unknown = 0
    entries = []
    for requirement, test in failures:
        about = next((each for each in deviations(engine.name) if requirement in each.requirements), None)
        if about is None:
            _say(f"{engine.name}: {requirement}: no verified deviation: {test['failure']['message'][:300]}")
            unknown += 1
            continue
        entries.append(
            {
                "requirement": requirement,
                "reason": about.text,
                "link": about.link,
                "expires": EXPIRES,
                "reproducer": {"test": test["test"], "message": test["failure"]["message"]},
            }
        )
        name, text = script(engine, report / test["failure"]["reproducer"], test["failure"]["message"])
        if about.replay.name == name and not about.replay.exists():
            about.replay.write_text(text, encoding="utf-8")
    path = KNOWN / engine.name / "runtime.yaml"
    if entries:
        path.parent.mkdir(parents=True, exist_ok=True)
        head = f"# Verified deviations of {engine.title}: written by `python -m field.runtimes pin`.\n"
        path.write_text(head + yaml.safe_dump(entries, sort_keys=False, width=110), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
    return 1 if unknown else 0


def _describe() -> int:
    """Write deviations.md from the deviations and the records."""
    recorded = [record for name in NAMES if (record := records.read(name)) is not None]
    text = page(deviations(), recorded, _titles())
    (FOLDER / "deviations.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
