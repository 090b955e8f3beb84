"""Where the field runs keep things: sources in the checkout, everything else below `build/field`.

Owns the paths. Serves `conformance`.
"""

from pathlib import Path

__all__ = ["BUILD", "FIELD", "LEPTON", "RESULTS", "ROOT", "SERVERS"]

FIELD = Path(__file__).resolve().parent
ROOT = FIELD.parents[1]
SERVERS = FIELD / "servers"
RESULTS = FIELD / "results"
#: Environments, models, logs and reports: ignored by git, removed by `make clean`.
BUILD = ROOT / "build" / "field"
LEPTON = ROOT / ".venv" / "bin" / "lepton"
