"""Lay the packages of this corpus out as directories and ZIP files: python lay_out.py FOLDER.

Needs Python 3.11 and nothing else. FOLDER is new; `corpus.json` in it is the index with the paths there.
"""

import base64
import gzip
import json
import os
import sys
from pathlib import Path

HERE, FOLDER = Path(__file__).parent, Path(sys.argv[1])


def lay_out(source: Path, target: Path) -> None:
    """Write one package."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix != ".json":
        data = source.read_bytes()
        target.write_bytes(gzip.decompress(data) if source.suffix == ".gz" else data)
        return
    tree = json.loads(source.read_bytes())
    for path, content in tree["files"].items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        text = content.get("text")
        (target / path).write_bytes(base64.b64decode(content["base64"]) if text is None else text.encode())
    target.mkdir(exist_ok=True)
    for path, destination in tree["links"].items():
        (target / path).symlink_to(destination)
    for path in tree["pipes"]:
        os.mkfifo(target / path)


FOLDER.mkdir(parents=True)
index = json.loads((HERE / "corpus.json").read_bytes())
for entry in index["packages"]:
    kept = entry["path"]
    entry["path"] = kept.removesuffix(".gz").removesuffix(".tree.json")
    lay_out(HERE / kept, FOLDER / entry["path"])
(FOLDER / "corpus.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
