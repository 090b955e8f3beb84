"""A small standard in a temporary folder, sound in every respect, for tests to break in one place."""

import datetime
import json
from pathlib import Path

import pytest

import spec
from specification import Problem, read_book

ENGLISH = """\
# Core

The key words `MUST` and `MAY` are to be read as in BCP 14.

### COR-VER-01: Version

> `rev 1` `MUST` `package` `profiles: package` `verify: schema, check` `schema: size.schema.json#/$defs/size`
>
> A size MUST be positive.
>
> *Remedy:* Write a positive size.

<!-- example: valid size.schema.json#/$defs/size -->
```json
3
```

<!-- example: invalid size.schema.json#/$defs/size -->
```json
0
```

### COR-NET-01: Network

> `rev 2` `MUST NOT` `server` `profiles: oip-rest, inference-rest` `verify: test`
>
> A server MUST NOT open connections,
> not even these:
>
> - to itself
>
> *Remedy:* Close them.
"""
CHINESE = """\
# 核心

关键词 `MUST` 和 `MAY` 按 BCP 14 理解。

### COR-VER-01：版本

> `source: new`
>
> 大小必须为正，与响应无关。
>
> *修正：* 写一个正数。

### COR-NET-01：网络

> `source: new`
>
> 服务器不得建立连接：
>
> - 连到自己
>
> *修正：* 关闭连接。
"""
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://lepton-standard.org/schemas/1.0/size.schema.json",
    "$defs": {"size": {"type": "integer", "minimum": 1}},
}
FILES = {
    "spec/en/core.md": ENGLISH,
    "spec/zh/core.md": CHINESE,
    "pyproject.toml": '[project]\nversion = "0.1"\n',
    "schemas/1.0/size.schema.json": json.dumps(SCHEMA),
    "reference_impl/lepton/checks/core.py": '@check("COR-VER-01")\ndef positive(package):\n    yield\n',
    "tests/test_net.py": '@pytest.mark.requirement("COR-NET-01")\ndef test_net():\n    pass\n',
    "conformance/lepton_conformance/forge/faults.py": (
        'VIOLATIONS = (Violation("COR-VER-01", "zero", lambda draft: draft),)\n'
    ),
    "conformance/lepton_conformance/mutants/net.py": (
        'class Opens:\n    id = "opens-connections"\n    breaks = "COR-NET-01"\n'
    ),
}


class Standard:
    """A repository below `root`; `today` is the day on which it is checked."""

    def __init__(self, root: Path) -> None:
        """Write the sound standard and build it."""
        self.root = root
        self.today = datetime.date(2027, 1, 1)
        for file, text in FILES.items():
            self.write(file, text)
        assert self.run("stamp") == 0
        assert self.run("build") == 0

    def run(self, *arguments: str) -> int:
        """Run `tools/spec.py` on this repository."""
        return spec.main(["--root", str(self.root), *arguments])

    def read(self, file: str) -> str:
        """Return a file's text."""
        return (self.root / file).read_text()

    def write(self, file: str, text: str) -> None:
        """Write a file and the folders above it."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, file: str, before: str, after: str) -> None:
        """Replace the only occurrence of `before`."""
        text = self.read(file)
        assert text.count(before) == 1, f"{before!r} occurs {text.count(before)} times"
        self.write(file, text.replace(before, after))

    def line(self, file: str, words: str) -> int:
        """Return the number of the first line that contains `words`."""
        lines = self.read(file).splitlines()
        return next(number for number, line in enumerate(lines, 1) if words in line)

    def problems(self) -> list[Problem]:
        """Return everything that a check says."""
        return read_book(self.root).check(self.today)


@pytest.fixture
def standard(tmp_path: Path) -> Standard:
    """A sound standard."""
    return Standard(tmp_path)
