"""Commands on local packages load nothing that could open a connection."""

import subprocess
import sys
from pathlib import Path

from lepton_conformance.forge.valid import linear_draft

PROGRAM = """
import sys
from lepton.cli import main
code = main(sys.argv[1:])
loaded = [name for name in sys.modules if name.split(".")[0] in ("urllib3", "ssl") or "transport" in name]
assert not loaded, loaded
sys.exit(code)
"""


def test_validating_a_local_package_loads_no_network_code(tmp_path: Path) -> None:
    package = linear_draft().archive().write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "validate", "--level", "quick", str(package)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
