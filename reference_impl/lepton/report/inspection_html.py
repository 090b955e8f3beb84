"""A described package as one HTML page that needs nothing else and reads well on paper and on a phone.

Owns the page; leaves what is shown to `inspection`. Serves COR-ESC-01.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lepton.report.assured import assurance_facts
from lepton.report.escape import for_html
from lepton.report.inspection import measure_of, said, size_of, statement, tensor_facts
from lepton.report.tasked import task_facts

__all__ = ["render"]

Described = Mapping[str, Any]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0.2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; border-bottom: 1px solid #ccc; }
h3 { font-size: 1rem; margin: 1rem 0 0.2rem; }
code { font: 0.88em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; }
td, th { border-bottom: 1px solid #eee; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; }
.quiet { color: #555; } .broken { color: #a11d21; font-weight: 600; }
.bar { background: #e5e5e5; height: 0.6rem; border-radius: 3px; overflow: hidden; }
.bar span { display: block; background: #1b6e3c; height: 100%; }
dt { font-weight: 600; } dd { margin: 0 0 0.6rem; }
details { margin: 0.3rem 0; } ol.labels { columns: 4 9rem; margin: 0.3rem 0; }
"""
_STATEMENTS = {
    "intendedUse": "Intended use",
    "outOfScopeUse": "Out-of-scope use",
    "limitations": "Limitations",
}


def render(described: Described) -> str:
    """Return the page. Every text of a package is escaped."""
    manifest = described["manifest"]
    language = manifest["language"]
    title = said(manifest["title"], language)
    return f"""<!DOCTYPE html>
<html lang="{for_html(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{for_html(f"{manifest['id']} {manifest['version']}: {title}")}</title>
<style>{_STYLE}</style>
</head>
<body>
{"".join(f"{line}{chr(10)}" for line in _body(described, language))}</body>
</html>
"""


def _body(described: Described, language: str) -> Iterator[str]:
    manifest = described["manifest"]
    supplier = f", by {manifest['supplier']['name']}" if "supplier" in manifest else ""
    kind = f"{described['container']}, Lepton {manifest['lepton']}, licence {manifest['license']}{supplier}"
    yield f"<h1>{for_html(said(manifest['title'], language))}</h1>"
    name = for_html(f"{manifest['id']} {manifest['version']}")
    yield f"<p><strong>{name}</strong>, {for_html(kind)}<br>"
    yield f"<code>{for_html(described['identity'])}</code></p>"
    if "description" in manifest:
        yield f"<p>{_lines(said(manifest['description'], language))}</p>"
    yield from _card(described["card"], language)
    if described["application"] is not None:
        yield "<h2>Tasks</h2><dl>"
        for heading, text in task_facts(described["application"], language):
            yield f"<dt>{for_html(heading)}</dt><dd>{_lines(text)}</dd>"
        yield "</dl>"
    if described["assurance"] is not None:
        yield "<h2>Assurance</h2><dl>"
        for heading, text in assurance_facts(described["assurance"], described["card"], language):
            yield f"<dt>{heading}</dt><dd>{_lines(text)}</dd>"
        yield "</dl>"
    if "interface" in manifest:
        yield from _tensors("Interface", manifest["interface"], language)
    yield from _processing(manifest)
    yield from _tensors("Signature", manifest["signature"], language)
    yield from _symbols(manifest["symbols"])
    yield from _artifacts(manifest["artifacts"])
    yield from _vectors(described)
    yield from _files(described)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> Iterator[str]:
    """Yield a table of cells that are HTML already."""
    kinds = [' class="number"' if place in numbers else "" for place in range(len(heads))]
    yield "<table><tr>" + "".join(f"<th{kind}>{head}</th>" for kind, head in zip(kinds, heads, strict=True))
    for row in rows:
        yield "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True))
    yield "</table>"


def _code(text: object) -> str:
    return f"<code>{for_html(str(text))}</code>"


def _lines(text: str) -> str:
    """Return a text of several lines."""
    return "<br>".join(for_html(line) for line in text.split("\n"))


def _card(card: Described | None, language: str) -> Iterator[str]:
    yield "<h2>Card</h2>"
    if card is None:
        yield '<p class="broken">The card cannot be read.</p>'
        return
    yield "<dl>"
    for name, heading in _STATEMENTS.items():
        yield f"<dt>{heading}</dt><dd>{_lines(statement(card[name], language))}</dd>"
    personal = card["personalData"]
    basis = f". {said(personal['basis'], language)}" if "basis" in personal else ""
    yield f"<dt>Personal data</dt><dd>{_lines(personal['status'] + basis)}</dd>"
    trained = "\n".join(_dataset(one) for one in card.get("trainedOn", []))
    if trained:
        yield f"<dt>Trained on</dt><dd>{_lines(trained)}</dd>"
    yield "</dl>"
    rows = [
        (
            for_html(one["metric"]),
            for_html(json.dumps(one["value"])),
            for_html(one["direction"]),
            f"{one['n']:,}",
            for_html(one.get("group", "")),
            for_html(_dataset(one["dataset"])),
        )
        for one in card.get("evaluations", [])
    ]
    if rows:
        yield from _table(("metric", "value", "better", "n", "group", "data"), rows, (1, 3))


def _dataset(entry: Described) -> str:
    return str(entry["name"]) + (f" ({entry['license']})" if "license" in entry else "")


def _tensors(heading: str, signature: Described, language: str) -> Iterator[str]:
    yield f"<h2>{heading}</h2>"
    rows = []
    for side in ("inputs", "outputs"):
        for tensor in signature[side]:
            form, axes = tensor_facts(tensor)
            notes = [for_html(axes)] if axes else []
            notes += [for_html(tensor["content"]["kind"])] if "content" in tensor else []
            notes += [f"default {_code(json.dumps(tensor['default']))}"] if tensor.get("optional") else []
            notes += [_labels(tensor["labels"], language)] if "labels" in tensor else []
            rows.append((side.removesuffix("s"), _code(tensor["name"]), _code(form), "; ".join(notes)))
    yield from _table(("", "name", "type", ""), rows)


def _labels(labels: Described, language: str) -> str:
    names = labels["names"].get(language) or next(iter(labels["names"].values()))
    items = "".join(f"<li>{for_html(name)}</li>" for name in names)
    return (
        f'<details><summary>{len(names)} labels</summary><ol class="labels" start="0">{items}</ol></details>'
    )


def _processing(manifest: Described) -> Iterator[str]:
    yield "<h2>Processing</h2>"
    if "processing" not in manifest:
        yield "<p>Unknown: the package does not say what happens around the model.</p>"
        return
    rows = []
    for chain in ("pre", "post"):
        for number, step in enumerate(manifest["processing"][chain]):
            others = {key: value for key, value in step.items() if key not in ("op", "version", "in", "out")}
            read, written = (_code(_names(step[member])) for member in ("in", "out"))
            settings = _code(json.dumps(others)) if others else ""
            rows.append((f"{chain} {number}", for_html(step["op"]), f"{read} → {written}", settings))
    if rows:
        yield from _table(("", "step", "tensors", "settings"), rows)
    else:
        yield "<p>None: the model takes and gives what its users see.</p>"


def _names(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _symbols(symbols: Described) -> Iterator[str]:
    if symbols:
        yield "<h2>Sizes</h2>"
        yield from _table(
            ("symbol", "admits"), ((_code(name), for_html(size_of(one))) for name, one in symbols.items())
        )


def _artifacts(artifacts: Sequence[Described]) -> Iterator[str]:
    yield "<h2>Artifacts</h2>"
    rows = []
    for one in artifacts:
        opsets = ", ".join(f"{name} {number}" for name, number in one.get("opsets", {}).items())
        runs = ", executable" if one["executable"] else ""
        form = f"{one['format']} ({one['formatVersion']}{runs})"
        rows.append(
            (
                _code(one["id"]),
                for_html(form),
                for_html(one["precision"]),
                for_html(opsets),
                _code(one["entry"]),
            )
        )
    yield from _table(("", "format", "precision", "operator sets", "file"), rows)


def _vectors(described: Described) -> Iterator[str]:
    yield "<h2>Golden vectors</h2>"
    for document in described["vectors"]:
        stages: dict[str, int] = {}
        for vector in document["vectors"]:
            stages[vector["stage"]] = stages.get(vector["stage"], 0) + 1
        counts = ", ".join(f"{count} of the stage {stage}" for stage, count in stages.items())
        oracle = document["provenance"]["oracle"]
        yield f"<p>{_code(document['path'])}: {for_html(counts)}.<br>"
        yield f"Oracle: {for_html(' '.join(oracle[key] for key in ('name', 'version', 'precision')))}.</p>"
    for key, heading in (("mutation", "as the package states"), ("measured", "as measured")):
        mutation = described.get(key)
        if mutation is not None:
            share = 100 * mutation["killed"] // max(mutation["mutants"], 1)
            yield f"<p>Mutation score, {heading}: <strong>{measure_of(mutation)}</strong></p>"
            yield f'<div class="bar"><span style="width: {min(max(share, 0), 100)}%"></span></div>'
            yield from _survivors(mutation["survivors"])
    if described["mutation"] is None:
        yield "<p>Mutation score: not stated.</p>"


def _survivors(survivors: Sequence[Described]) -> Iterator[str]:
    if survivors:
        yield f"<details><summary>{len(survivors)} survive</summary>"
        rows = ((_code(one["mutant"]), for_html(one.get("reason", ""))) for one in survivors)
        yield from _table(("mutant", "reason"), rows)
        yield "</details>"


def _files(described: Described) -> Iterator[str]:
    yield "<h2>Files</h2>"
    rows = [
        (
            _code(one["path"]),
            for_html(one["role"]),
            f"{one['size']:,}",
            _code(one["sha256"][:16] + "…")
            if one["verified"]
            else '<span class="broken">not as listed</span>',
        )
        for one in described["files"]
    ]
    yield from _table(("path", "role", "bytes", "SHA-256"), rows, (2,))
    for folder in ("signatures", "attestations"):
        if described[folder]:
            yield f"<h3>{folder.capitalize()}</h3>"
            yield '<p class="quiet">Not judged here; see <code>lepton verify</code>.</p>'
            yield "<ul>" + "".join(f"<li>{_code(path)}</li>" for path in described[folder]) + "</ul>"
