"""The command of the field runs: `python -m field run|replay|pin|describe [SERVER...]`.

Owns the command line and what is printed; leaves each step to its module. Ends with 0 when every server was
judged and shows exactly the verified deviations, 1 when something is new or gone, 2 when a server could not
be installed, started or judged. Serves `conformance`.
"""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import lepton_spec
from field import environment, results
from field.catalogue import SERVERS_UNDER_TEST, Server, Started, find
from field.certification import Certified, CommandFault, certify, export_models
from field.deviations import deviations, known_file, page, replay
from field.environment import InstallFault
from field.place import BUILD, FIELD
from field.process import NotStarted, running

__all__ = ["main"]

FAULTS = (InstallFault, NotStarted, CommandFault)
NAMES = tuple(server.name for server in SERVERS_UNDER_TEST)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, call, print."""
    parser = argparse.ArgumentParser(prog="python -m field", description=__doc__)
    parser.add_argument("what", choices=("run", "replay", "pin", "describe"))
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"of {', '.join(NAMES)}; default all")
    parser.add_argument("--record", action="store_true", help="write results/ and deviations.md")
    parser.add_argument("--unlisted", action="store_true", help="judge without the lists, before pinning")
    parser.add_argument("--profile", action="append", help="judge only this profile, may be repeated")
    args = parser.parse_intermixed_args(arguments)
    unknown = sorted(set(args.servers) - set(NAMES))
    if unknown:
        parser.error(f"found no server {unknown[0]!r}, expected of {', '.join(NAMES)}")
    signal.signal(signal.SIGTERM, interrupt)
    if args.what == "describe":
        return _describe()
    steps: dict[str, Callable[[Server], int]] = {
        "run": lambda server: _run(server, args.profile, args.record, args.unlisted),
        "replay": _replay,
        "pin": _pin,
    }
    step = steps[args.what]
    worst = 0
    for server in (find(name) for name in args.servers or NAMES):
        try:
            worst = max(worst, step(server))
        except FAULTS as fault:
            print(f"{server.name}: {fault}")
            worst = 2
    if args.record:
        _describe()
    return worst


def interrupt(number: int, frame: FrameType | None) -> None:
    """End as on Ctrl-C, so that every server is stopped."""
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


def _prepare(server: Server) -> Started:
    """Install a server where needed, write fresh models, and say how it starts."""
    begun = time.monotonic()
    if environment.install(server.name):
        _say(f"{server.name}: installed in {time.monotonic() - begun:.0f} s")
    models = BUILD / server.name / "models"
    shutil.rmtree(models, ignore_errors=True)
    export_models(models, server.layout)
    return server.prepare(models)


def _run(server: Server, only: Sequence[str] | None, record: bool, unlisted: bool) -> int:
    """Judge a server by each of its profiles, each time freshly started."""
    runs = []
    changed = False
    for profile in server.profiles:
        if only and profile not in only:
            continue
        known = None if unlisted else known_file(server.name, profile)
        run = _certify(server, profile, known)
        runs.append((run, known is not None))
        verdict = run.report["profiles"][0]["verdict"]
        _say(f"{server.name}: {profile}: {verdict}, {_counted(run)}, {run.report['seconds']:.0f} s")
        for line in run.found:
            _say(f"  {line}")
        if known is not None and run.exit_code == 1:
            changed = True
    found = results.build(server, server.version(), runs)
    for line in results.differences(results.latest(server.name), found):
        _say(f"  {line}")
    if record:
        _say(f"  recorded: {results.write(found).relative_to(FIELD)}")
    return 1 if changed else 0


def _certify(server: Server, profile: str, known: Path | None) -> Certified:
    started = _prepare(server)
    folder = BUILD / server.name / "report" / profile
    address = started.grpc if profile == "inference-grpc" else started.http
    options = ["--repository", str(started.repository)] if profile == "inference-repository" else []
    with running(started.launch):
        return certify(address, profile, folder, known=known, options=options)


def _counted(run: Certified) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in run.counts().items())


def _replay(server: Server) -> int:
    """Replay each deviation against a server that was started for it."""
    gone = 0
    for deviation in deviations(server.name):
        started = _prepare(server)
        address = (started.grpc if deviation.profile == "inference-grpc" else started.http).split("//")[1]
        with running(started.launch):
            said = replay(deviation, address)
        _say(f"{server.name}: {deviation.requirement}: {'holds' if said.holds else 'GONE'}")
        if not said.holds:
            _say("  " + said.said.replace("\n", "\n  "))
            gone += 1
    return 1 if gone else 0


def _pin(server: Server) -> int:
    """Copy the reproducers of the last run beside the lists: a person has looked at what they show."""
    missing = 0
    for deviation in deviations(server.name):
        source = (
            BUILD / server.name / "report" / deviation.profile / "reproducers" / deviation.reproducer.name
        )
        if source.is_file():
            deviation.reproducer.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, deviation.reproducer)
        else:
            _say(f"{server.name}: the last run has no {deviation.profile}/{deviation.reproducer.name}")
            missing += 1
    return 1 if missing else 0


def _describe() -> int:
    """Write deviations.md from the lists and the results."""
    recorded = {name: result for name in NAMES if (result := results.latest(name)) is not None}
    titles = {key: str(entry["title"]) for key, entry in lepton_spec.requirements().items()}
    target = FIELD / "deviations.md"
    target.write_text(page(deviations(), recorded, titles), encoding="utf-8")
    _say(f"wrote {target.name}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
