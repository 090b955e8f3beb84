"""A model card as Markdown with front matter, the form that model hubs and people read.

Owns writing one from a package and reading one back into facts of a recipe; leaves where it stands to sources
and targets. What was written here is read back without loss in one language; a stranger's card is read by its
headings. Serves PKG-DOC.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

import lepton_spec
from lepton.checks.licence import licence_fault
from lepton.errors import RecipeError
from lepton.pack.yamltext import read_yaml
from lepton.package.loaded import LoadedPackage

__all__ = ["MAX_CARD_BYTES", "CardFacts", "card_facts", "card_text", "spdx_expression"]

#: Bytes of a card that are read.
MAX_CARD_BYTES = 1024 * 1024
#: Characters of the name of a data set.
MAX_NAME = 200
#: Characters of a section that become a statement of the card.
MAX_STATEMENT = 16_000

_STATEMENTS = {
    "intendedUse": "Intended use",
    "outOfScopeUse": "Out-of-scope use",
    "limitations": "Limitations",
}
#: Headings of other people's cards, in lower case: which statement their text becomes.
_HEADINGS = {
    "intendedUse": ("intended use", "intended uses", "intended uses & limitations", "direct use", "uses"),
    "outOfScopeUse": (
        "out-of-scope use",
        "out of scope use",
        "out-of-scope uses",
        "misuse and out-of-scope use",
    ),
    "limitations": (
        "limitations",
        "bias, risks, and limitations",
        "limitations and bias",
        "bias and limitations",
        "risks and limitations",
    ),
}
_STATUSES = ("none", "possible", "present", "unknown")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_DATASET = re.compile(r"(.+) \(((?:license|sha256|url) [^,()]+(?:, (?:license|sha256|url) [^,()]+)*)\)\Z")
_NOT_PROVIDED = "Not provided: "
_HEADING = re.compile(r"^#{1,4} +(.+?) *#*$")
_FENCE = re.compile(r"^(```|~~~)")


def card_text(package: LoadedPackage) -> str:
    """Return the card of a package in its default language."""
    document, card = package.document, package.json(package.document["card"])
    language = document["language"]
    license_name = document["license"]
    plain = license_name in _spdx().values()
    front: dict[str, Any] = {"license": license_name.lower() if plain else "other"}
    if not plain:
        front["license_name"] = license_name
    front |= {
        "language": [language],
        "library_name": "onnx",
        "tags": ["lepton"],
        "lepton": {"id": document["id"], "version": document["version"], "identity": package.identity},
    }
    lines = ["---", yaml.safe_dump(front, sort_keys=False, allow_unicode=True).rstrip(), "---", ""]
    lines += [f"# {document['title'][language]}", ""]
    if "description" in document:
        lines += [document["description"][language], ""]
    for name, heading in _STATEMENTS.items():
        lines += [f"## {heading}", "", _statement(card[name], language), ""]
    personal = card["personalData"]
    lines += ["## Personal data", "", f"Status: {personal['status']}.", ""]
    if "basis" in personal:
        lines += [personal["basis"][language], ""]
    lines += _datasets(card.get("trainedOn", []))
    lines += _evaluations(card.get("evaluations", []))
    return "\n".join(lines)


def _statement(value: Mapping[str, Any], language: str) -> str:
    if "notProvided" in value:
        return _NOT_PROVIDED + str(value["notProvided"][language])
    return str(value[language])


def _datasets(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    if entries:
        yield from ("## Training data", "")
        yield from (f"- {_dataset(entry)}" for entry in entries)
        yield ""


def _dataset(entry: Mapping[str, Any]) -> str:
    others = [f"{key} {entry[key]}" for key in ("license", "sha256", "url") if key in entry]
    return " ".join(str(entry["name"]).split()) + (f" ({', '.join(others)})" if others else "")


def _read_dataset(text: str) -> dict[str, str]:
    """Read what `_dataset` wrote; of another card's list, the whole line is the name."""
    match = _DATASET.match(text.strip())
    if match is None:
        return {"name": " ".join(text.split())[:MAX_NAME]}
    others = dict(part.split(" ", 1) for part in match[2].split(", "))
    return {"name": match[1], **others}


def _evaluations(entries: list[Mapping[str, Any]]) -> Iterator[str]:
    if entries:
        yield from (
            "## Evaluation",
            "",
            "| metric | value | better | n | data | group |",
            "|---|---|---|---|---|---|",
        )
        for entry in entries:
            cells = (
                entry["metric"],
                json.dumps(entry["value"]),
                entry["direction"],
                entry["n"],
                _dataset(entry["dataset"]),
                entry.get("group", ""),
            )
            yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        yield ""


def spdx_expression(name: str) -> str | None:
    """Return the SPDX identifier for a hub's spelling of a licence, None when SPDX knows none."""
    return _spdx().get(name.strip().lower())


def _spdx() -> dict[str, str]:
    listed = json.loads(lepton_spec.path("spdx.json").read_bytes())["licenses"]
    return {name.lower(): name for name in listed}


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A card as a part of a recipe, and what it has that a recipe has no place for.

    `other_license` is what the card calls a licence that is no SPDX expression; None when there is none such.
    """

    recipe: dict[str, Any]
    lost: list[str]
    other_license: str | None


def card_facts(data: bytes, name: str) -> CardFacts:
    """Read a card.

    Raises: RecipeError when it is too long, no UTF-8, or its front matter is no YAML that is read.
    """
    if len(data) > MAX_CARD_BYTES:
        raise RecipeError(f"{name}: found {len(data)} bytes, expected at most {MAX_CARD_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{name}: found bytes that are not UTF-8 at byte {error.start}") from error
    front, body = _front_matter(text.replace("\r\n", "\n"), name)
    language = _language(front.get("language"))
    facts: dict[str, Any] = {"language": language}
    other, lost = _front_facts(front, facts, name)
    title, opening, sections = _sections(body)
    if title:
        facts["title"] = {language: title}
    if opening:
        facts["description"] = {language: opening}
    card = _card(sections, language)
    names = _names(front.get("datasets"))
    if names and "trainedOn" not in card:
        card["trainedOn"] = [{"name": one} for one in names]
    if card:
        facts["card"] = card
    return CardFacts(facts, lost, other)


def _front_matter(text: str, name: str) -> tuple[dict[str, Any], str]:
    if not text.startswith("---\n"):
        return {}, text
    front, mark, body = text[4:].partition("\n---")
    if not mark:
        raise RecipeError(f"{name}: found front matter without an end, expected a line of three hyphens")
    value = read_yaml(front.encode(), name) if front.strip() else {}
    if not isinstance(value, dict):
        raise RecipeError(f"{name}: found front matter that is no map, expected `key: value` lines")
    return value, body.partition("\n")[2]


def _front_facts(front: Mapping[str, Any], facts: dict[str, Any], name: str) -> tuple[str | None, list[str]]:
    """Move what a recipe has a place for into `facts`; keep the rest in an extension and say so."""
    other = None
    said = front.get("license_name") if front.get("license") == "other" else front.get("license")
    if isinstance(said, str):
        expression = spdx_expression(said) or said
        if licence_fault(expression)[0] is None:
            facts["license"] = expression
        else:
            other = said
    ours = front.get("lepton")
    if isinstance(ours, Mapping):
        facts |= {key: ours[key] for key in ("id", "version") if isinstance(ours.get(key), str)}
    base = _names(front.get("base_model"))
    if base:
        facts["extensions"] = {"co.huggingface": {"base_model": base}}
    known_keys = {
        "license",
        "license_name",
        "language",
        "lepton",
        "datasets",
        "base_model",
        "tags",
        "library_name",
    }
    return other, [f"{name}: {key} has no place in a package" for key in front if key not in known_keys]


def _language(value: Any) -> str:
    languages = [one for one in _names(value) if _LANGUAGE.match(one)]
    return languages[0] if languages else "en"


def _names(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one]


def _sections(body: str) -> tuple[str, str, dict[str, str]]:
    """Return the title, the text before the first further heading, and the text below each, by lower case."""
    title, current = "", ""
    found: dict[str, list[str]] = {"": []}
    fenced = False
    for line in body.split("\n"):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading and not title and line.startswith("# "):
            title = heading[1]
        elif heading:
            current = heading[1].strip().lower()
            found.setdefault(current, [])
        else:
            found[current].append(line)
    texts = {key: "\n".join(lines).strip() for key, lines in found.items()}
    return title, texts.pop(""), {key: text for key, text in texts.items() if text}


def _card(sections: Mapping[str, str], language: str) -> dict[str, Any]:
    card: dict[str, Any] = {}
    for name, headings in _HEADINGS.items():
        text = next((sections[heading] for heading in headings if heading in sections), "")
        if text.startswith(_NOT_PROVIDED):
            card[name] = {"notProvided": {language: text.removeprefix(_NOT_PROVIDED)}}
        elif text:
            card[name] = {language: text[:MAX_STATEMENT]}
    trained = [
        _read_dataset(line[2:]) for line in sections.get("training data", "").split("\n") if line[:2] == "- "
    ]
    if trained:
        card["trainedOn"] = trained
    status, _, basis = sections.get("personal data", "").partition("\n")
    if status.startswith("Status: "):
        personal: dict[str, Any] = {"status": status.removeprefix("Status: ").removesuffix(".")}
        if basis.strip():
            personal["basis"] = {language: basis.strip()}
        if personal["status"] in _STATUSES:
            card["personalData"] = personal
    return card
