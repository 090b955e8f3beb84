"""The published site, built once for all processes of a test run, and a browser that opens it."""

import fcntl
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

import lepton_spec

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = ROOT / ".venv/system"
#: Where a browser may be. The last one was unpacked by tests/system-packages.sh.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", str(SYSTEM / "usr/lib/chromium/chromium"))
BUILD_SECONDS = 300
PHONE = {"width": 390, "height": 844}
#: Of the profiles that judge one requirement of one subject.
WORST_FIRST = ("fail", "blocked", "not-tested", "pass", "not-applicable")
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make site` does: the first process that asks builds, the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = base / "published" / "site", base / "published" / "done"
    folder.parent.mkdir(exist_ok=True)
    with (base / "published" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            command = [
                sys.executable,
                "-m",
                "mkdocs",
                "build",
                "--strict",
                "--quiet",
                "--site-dir",
                str(folder),
            ]
            result = subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
                capture_output=True,
                text=True,
                timeout=BUILD_SECONDS,
                check=False,
            )
            done.write_text(result.stdout + result.stderr if result.returncode else "", encoding="utf-8")
    assert done.read_text(encoding="utf-8") == ""
    return folder


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _serve(folder: Path) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))
    )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses of the one site: at the root of a server, below a path, in a folder."""

    root: str
    below: str
    folder: str

    def page(self, place: str, path: str) -> str:
        """Return the address of a page, such as `en/core/`, in a place."""
        page, mark, anchor = path.partition("#")
        if place == "folder" and (page == "" or page.endswith("/")):
            page += "index.html"
        return f"{getattr(self, place)}{page}{mark}{anchor}"


@pytest.fixture(scope="session")
def places(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """Serve the site with a plain server of files, and lay it into a folder whose name is not plain."""
    mount = tmp_path_factory.mktemp("mount")
    (mount / "x").mkdir()
    (mount / "x" / "y").symlink_to(site)
    folder = tmp_path_factory.mktemp("plain") / "a folder 文件"
    folder.symlink_to(site)
    servers = [_serve(site), _serve(mount)]
    root, below = (f"http://127.0.0.1:{each.server_port}/" for each in servers)
    yield Places(root, f"{below}x/y/", f"{folder.as_uri()}/")
    for each in servers:
        each.shutdown()
        each.server_close()


def _executable() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = SYSTEM / "chromium.reason"
        why = (
            reason.read_text(encoding="utf-8").strip()
            if reason.exists()
            else "tests/system-packages.sh was not run"
        )
        pytest.skip(f"no Chromium: {why}; expected chromium on the PATH (as root: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start a headless Chromium that reaches this machine alone."""
    executable = _executable()
    environment: dict[str, str | float | bool] = dict(os.environ)
    if executable.startswith(str(SYSTEM)):
        libraries = [str(path) for path in SYSTEM.glob("usr/lib/*-linux-gnu*")]
        environment["LD_LIBRARY_PATH"] = ":".join(libraries)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=executable,
            env=environment,
            args=["--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield started
        started.close()


@dataclass(frozen=True, slots=True)
class _Watch:
    """What the pages of a test did: errors they reported, and requests that left the place they came from."""

    home: str
    errors: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("console", lambda message: self._console(message))
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._request(page, request))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.location.get('url')}: {message.text}")

    def _request(self, page: Page, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.abroad.append(f"{page.url}: {request.url}")


@pytest.fixture
def visit(browser: Browser, places: Places) -> Iterator[Callable[..., Page]]:
    """Return what opens a page, `en/core/`, in a fresh profile; nothing may fail or leave the site.

    Further arguments are the browser context's: its window, the colours that its user prefers.
    """
    contexts: list[tuple[BrowserContext, _Watch]] = []

    def start(path: str, place: str = "root", **options: Any) -> Page:
        context = browser.new_context(**({"viewport": DESKTOP} | options))
        context.set_default_timeout(10_000)
        page = context.new_page()
        watch = _Watch(getattr(places, place))
        watch.follow(page)
        contexts.append((context, watch))
        page.goto(places.page(place, path))
        return page

    yield start
    for context, _ in contexts:
        context.close()
    errors = [line for _, watch in contexts for line in watch.errors]
    assert errors == [], "a page of the site reported errors: look at its scripts and at what it loads"
    abroad = [line for _, watch in contexts for line in watch.abroad]
    assert abroad == [], "a page asked another host: publish that file with the site, or drop it"


@pytest.fixture(scope="session")
def kinds(site: Path) -> dict[str, str]:
    """Return one page of each kind, largest first of its folder: what is generated alike looks alike."""
    found = {"index": ""}
    for language in ("en", "zh"):
        for index in sorted((site / language).rglob("index.html")):
            page = index.parent.relative_to(site)
            parts = page.parts
            chapter = len(parts) == 2 and (ROOT / "spec" / language / f"{parts[1]}.md").is_file()
            kind = (
                f"{language} chapter"
                if chapter
                else " ".join(parts if len(parts) < 3 else (*parts[:-1], "*"))
            )
            kept = found.get(kind)
            if kept is None or index.stat().st_size > (site / kept / "index.html").stat().st_size:
                found[kind] = f"{page.as_posix()}/"
    found["decisions"] = "decisions/"
    found["decision"] = "decisions/0001-reference-implementation/"
    return found


@pytest.fixture(scope="session")
def kept_verdicts() -> dict[tuple[str, str], str]:
    """Read the kept field results: the worst verdict of each subject and requirement."""
    field_runs = ROOT / "conformance/field"
    found: dict[tuple[str, str], list[str]] = {}
    for path in (field_runs / "results").glob("*.json"):
        result = json.loads(path.read_bytes())
        for profile in result["profiles"]:
            for key, verdict in profile["requirements"].items():
                found.setdefault((result["server"], key), []).append(verdict)
    for path in (field_runs / "runtimes/results").glob("*.json"):
        record = json.loads(path.read_bytes())
        for key, verdict in record["requirements"].items():
            found.setdefault((record["engine"], key), []).append(verdict)
    known = lepton_spec.requirements()
    return {key: min(verdicts, key=WORST_FIRST.index) for key, verdicts in found.items() if key[1] in known}
