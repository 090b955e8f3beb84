"""Every import of onnxruntime comes after the switch that keeps it from reporting to its maker."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("benchmarks", "conformance", "examples", "kits", "reference_impl", "schemas", "tests", "tools")
SWITCH = 'os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")'


def imports(tree: ast.AST) -> list[tuple[int, str]]:
    """Return line and text of each import of onnxruntime."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        if any(name.split(".")[0] == "onnxruntime" for name in names):
            found.append((node.lineno, ast.unparse(node)))
    return found


def test_every_import_of_onnxruntime_comes_after_the_switch_of_its_telemetry() -> None:
    seen = 0
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        if "onnxruntime" not in text:
            continue
        switches = [number for number, line in enumerate(text.splitlines(), 1) if SWITCH in line]
        for line, _ in imports(ast.parse(text)):
            seen += 1
            assert any(number < line for number in switches), f"{path}:{line}: no {SWITCH} before it"
    assert seen >= 4
