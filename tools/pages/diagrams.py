"""The drawings of the home page: the layers of the standard, and the way to a certificate.

Owns the words of the boxes in each language and one layout for both drawings: boxes in a grid, read in rows,
once in several columns for a desk and once in one column for a phone. The style sheet shows the one that fits
and owns the colours. Each drawing has a title and a description, and is text: no script draws it.
"""

import html
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["DIAGRAMS", "Box", "Diagram", "figure", "too_wide"]

#: Sizes in the units of the drawing; one unit is a pixel where the drawing has its full width.
MARGIN = 10
GAP = 34
PADDING = 12
TITLE_SIZE = 15
LINE_SIZE = 12.5
LINE_HEIGHT = 19
DESK_WIDTH = 760
PHONE_WIDTH = 340


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its title, and the lines below it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in the order of their arrows. `frame` is what goes around all of them, where there is one."""

    name: str
    title: str
    columns: int
    boxes: tuple[Box, ...]
    frame: Box | None = None
    numbered: bool = False


def _layers(title: str, frame: Box, *boxes: Box) -> Diagram:
    return Diagram("layers", title, 4, boxes, frame)


def _certification(title: str, *boxes: Box) -> Diagram:
    return Diagram("certification", title, 3, boxes, numbered=True)


#: Language -> its drawings, in the order of the page.
DIAGRAMS: Mapping[str, tuple[Diagram, ...]] = {
    "en": (
        _layers(
            "The layers of the standard",
            Box("Assurance", ("threats, safe loading, privacy,", "intended use, human oversight")),
            Box("Data", ("data sets", "records to tensors", "splits, privacy")),
            Box("Model", ("the package", "interface and steps", "golden vectors")),
            Box("Inference", ("REST and gRPC", "binary tensors", "runtime adapter")),
            Box("Application", ("typed tasks", "labels", "metrics")),
        ),
        _certification(
            "From a subject to a certificate",
            Box("Subject", ("a server, a runtime", "or a validator")),
            Box("Adapter", ("reaches it from outside:", "HTTP, gRPC, stdio, Python")),
            Box("Suite", ("enumerates edge cases,", "then generates more")),
            Box("Evidence", ("every exchange", "is recorded")),
            Box("Outcome", ("a test passed, failed,", "or could not be run")),
            Box("Verdict", ("one a requirement,", "one a profile")),
            Box("Report", ("with a reproducer", "for each failure")),
            Box("Certificate", ("signed, over the digest", "of the report")),
            Box("Verify", ("anybody recomputes", "the verdicts")),
        ),
    ),
    "zh": (
        _layers(
            "标准的各层",
            Box("保障", ("威胁、安全加载、隐私、", "预期用途、人的监督")),
            Box("数据", ("数据集", "记录到张量的映射", "划分、隐私状态")),
            Box("模型", ("模型包", "接口与处理步骤", "黄金向量")),
            Box("推理", ("REST 与 gRPC", "二进制张量", "运行时适配器")),
            Box("应用", ("带类型的任务", "标签", "指标")),
        ),
        _certification(
            "从对象到证书",
            Box("对象", ("服务器、运行时", "或验证器")),
            Box("适配器", ("从外部到达对象：", "HTTP、gRPC、stdio、Python")),
            Box("套件", ("先枚举边界情况，", "再随机生成")),
            Box("证据", ("每次交互", "都有记录")),
            Box("结果", ("测试通过、失败", "或无法运行")),
            Box("结论", ("每条要求一个，", "每个剖面一个")),
            Box("报告", ("每个失败附有", "可重放的程序")),
            Box("证书", ("对报告的摘要", "签名")),
            Box("核验", ("任何人都能", "重新算出结论")),
        ),
    ),
}


def figure(diagram: Diagram) -> str:
    """Return a drawing as one HTML element without blank lines, in its form for a desk and for a phone."""
    desk = _drawing(diagram, "desk", diagram.columns, DESK_WIDTH)
    phone = _drawing(diagram, "phone", 1, PHONE_WIDTH)
    return f'<figure class="lepton-diagram">{desk}{phone}</figure>'


def too_wide(diagram: Diagram) -> list[str]:
    """Return the texts that would leave their box in one of the two forms, by a careful estimate."""
    found = []
    for columns, width in ((diagram.columns, DESK_WIDTH), (1, PHONE_WIDTH)):
        room = _box_width(diagram, columns, width) - 2 * PADDING
        whole = width - 2 * MARGIN - 2 * PADDING
        boxes = [(box, room) for box in diagram.boxes] + ([(diagram.frame, whole)] if diagram.frame else [])
        for box, space in boxes:
            texts = [(f"9  {box.title}", TITLE_SIZE), *((line, LINE_SIZE) for line in box.lines)]
            found += [text for text, size in texts if _width(text, size) > space]
    return found


def _width(text: str, size: float) -> float:
    """Return about how wide a text is: a Chinese character is a square, a letter half of one."""
    return sum(size if ord(each) > 0x2E7F else 0.53 * size for each in text)


def _box_width(diagram: Diagram, columns: int, width: float) -> float:
    inset = MARGIN + (PADDING if diagram.frame else 0)
    return (width - 2 * inset - (columns - 1) * GAP) / columns


def _description(diagram: Diagram) -> str:
    """Return what the drawing shows, in words."""
    arrow = " → ".join(f"{box.title} ({' '.join(box.lines)})" for box in diagram.boxes)
    return f"{diagram.frame.title} ({' '.join(diagram.frame.lines)}): {arrow}" if diagram.frame else arrow


def _drawing(diagram: Diagram, form: str, columns: int, width: int) -> str:
    """Return one SVG element. The grid is filled in rows; an arrow leads from each box to the next."""
    key = f"{diagram.name}-{form}"
    wide = _box_width(diagram, columns, width)
    lines = max(len(box.lines) for box in diagram.boxes)
    high = 2 * PADDING + TITLE_SIZE + lines * LINE_HEIGHT
    left = MARGIN + (PADDING if diagram.frame else 0)
    head = 2 * PADDING + TITLE_SIZE + len(diagram.frame.lines) * LINE_HEIGHT if diagram.frame else 0
    top = MARGIN + head
    places = [
        (left + (index % columns) * (wide + GAP), top + (index // columns) * (high + GAP))
        for index in range(len(diagram.boxes))
    ]
    bottom = places[-1][1] + high + (PADDING if diagram.frame else 0)
    parts = [
        f'<svg class="{form}" viewBox="0 0 {width} {bottom + MARGIN:g}" role="img" '
        f'aria-labelledby="{key}-title {key}-desc">',
        f'<title id="{key}-title">{html.escape(diagram.title)}</title>',
        f'<desc id="{key}-desc">{html.escape(_description(diagram))}</desc>',
        f'<defs><marker id="{key}-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path class="head" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
    ]
    if diagram.frame:
        parts.append(
            f'<rect class="frame" x="{MARGIN}" y="{MARGIN}" width="{width - 2 * MARGIN}" '
            f'height="{bottom - MARGIN:g}" rx="8"/>'
        )
        parts += _words(diagram.frame, MARGIN + PADDING, MARGIN + PADDING, "")
    parts += _arrows(places, wide, high, f"url(#{key}-arrow)")
    for index, (box, (x, y)) in enumerate(zip(diagram.boxes, places, strict=True)):
        parts.append(f'<rect class="box" x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="5"/>')
        parts += _words(box, x + PADDING, y + PADDING, f"{index + 1}  " if diagram.numbered else "")
    return "".join([*parts, "</svg>"])


def _words(box: Box, x: float, y: float, number: str) -> Iterator[str]:
    base = y + TITLE_SIZE
    yield f'<text class="title" x="{x:g}" y="{base:g}">{number}{html.escape(box.title)}</text>'
    for index, line in enumerate(box.lines, 1):
        yield f'<text x="{x:g}" y="{base + index * LINE_HEIGHT:g}">{html.escape(line)}</text>'


def _arrows(places: Sequence[tuple[float, float]], wide: float, high: float, head: str) -> Iterator[str]:
    """Yield an arrow between neighbours: along a row, or from the end of one row to the start of the next."""
    for (x, y), (to_x, to_y) in itertools.pairwise(places):
        if y == to_y:
            path = f"M{x + wide:g} {y + high / 2:g} H{to_x:g}"
        elif x == to_x:
            path = f"M{x + wide / 2:g} {y + high:g} V{to_y:g}"
        else:
            path = f"M{x + wide / 2:g} {y + high:g} V{y + high + GAP / 2:g} H{to_x + wide / 2:g} V{to_y:g}"
        yield f'<path class="arrow" d="{path}" marker-end="{head}"/>'
