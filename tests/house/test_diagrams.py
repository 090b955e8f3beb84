"""The drawings of the home page: their words fit, both languages draw the same, and they are valid SVG."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from pages.diagrams import DIAGRAMS, Box, Diagram, figure, too_wide

EVERY = [pytest.param(one, id=f"{language}-{one.name}") for language, two in DIAGRAMS.items() for one in two]


@pytest.mark.parametrize("diagram", EVERY)
def test_every_text_fits_into_its_box(diagram: Diagram) -> None:
    assert too_wide(diagram) == []


def test_a_text_that_leaves_its_box_is_found() -> None:
    long = "a line that is far too long for a box of four in a row"
    assert too_wide(Diagram("x", "x", 4, (Box("Data", (long,)),) * 4)) == [long] * 8


@pytest.mark.parametrize("diagram", EVERY)
def test_a_drawing_is_svg_with_a_title_a_description_and_an_arrow_between_neighbours(
    diagram: Diagram,
) -> None:
    text = figure(diagram)
    tree = ElementTree.fromstring(text)
    drawings = list(tree.iter("svg"))
    assert [each.get("class") for each in drawings] == ["desk", "phone"]
    identifiers = re.findall(r' id="([^"]+)"', text)
    assert len(identifiers) == len(set(identifiers))
    for drawing in drawings:
        labels = (drawing.get("aria-labelledby") or "").split()
        assert labels == [each.get("id") for tag in ("title", "desc") for each in drawing.iter(tag)]
        arrows = [each for each in drawing.iter("path") if each.get("class") == "arrow"]
        assert len(arrows) == len(diagram.boxes) - 1
        described = drawing.findtext("desc") or ""
        assert all(box.title in described for box in diagram.boxes)


def test_both_languages_draw_the_same() -> None:
    shapes = [
        [(one.name, one.columns, [len(box.lines) for box in one.boxes]) for one in two]
        for two in DIAGRAMS.values()
    ]
    assert shapes[0] == shapes[1]
