"""Write what the OCR recipe names: three models from a PyPI package, the graphs between them, pages to read.

`python examples/ocr/prepare.py DIR` needs `pip install --no-deps rapidocr-onnxruntime==1.4.4`, whose models
(PaddleOCR, Apache-2.0) are copied to DIR. Then `lepton pack DIR/recogniser.onnx --recipe
examples/ocr/recipe.yml --files DIR -o DIR/ocr.lepton` joins all of it into one package.
"""

import argparse
import importlib.util
import io
import shutil
from pathlib import Path

import numpy as np
import onnx
from PIL import Image, ImageDraw, ImageFont

from glue import boxes_graph, lines_graph

__all__ = ["PAGES", "drawn", "main"]

MODELS = {
    "detector.onnx": "ch_PP-OCRv4_det_infer.onnx",
    "classifier.onnx": "ch_ppocr_mobile_v2.0_cls_infer.onnx",
    "recogniser.onnx": "ch_PP-OCRv4_rec_infer.onnx",
}
#: What stands on each page, and by how much the page is turned. Two have as many lines, so that their answers
#: can be compared.
PAGES = (
    (("Lepton",), 0),
    (("neutrino",), 0),
    (("Packages", "that prove themselves"), 180),
    (("One cause,", "one finding.", "0123456789"), 0),
    (("electron", "muon"), 0),
)
#: Colours of letters, page by page: with black alone, red and blue could change places unseen.
INKS = ("navy", "maroon")
SIZE, MARGIN, SPACING = 30, 24, 2


def drawn(lines: tuple[str, ...], turned: int = 0, ink: str = "black") -> bytes:
    """Return a PNG file of a white page with lines of letters, by the font that comes with Pillow."""
    font = ImageFont.load_default(SIZE)
    width = max(int(font.getlength(line)) for line in lines) + 2 * MARGIN
    page = Image.new("RGB", (width, SIZE * SPACING * len(lines) + MARGIN), "white")
    pen = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN + number * SIZE * SPACING), line, font=font, fill=ink)
    file = io.BytesIO()
    page.rotate(turned).save(file, "PNG")
    return file.getvalue()


def _keys(recogniser: Path) -> str:
    """Return the recogniser's alphabet, one entry a line: the blank (nothing), its characters, a space."""
    facts = {fact.key: fact.value for fact in onnx.load(recogniser).metadata_props}
    return "".join(f"{one}\n" for one in ("", *facts["character"].split("\n"), " "))


def main() -> None:
    """Copy the models; write graphs, alphabet and pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    # Only found, not imported: the package would start its own engine.
    found = importlib.util.find_spec("rapidocr_onnxruntime")
    if found is None or found.origin is None:
        parser.exit(2, "found no rapidocr_onnxruntime; pip install --no-deps rapidocr-onnxruntime==1.4.4\n")
    for name, source in MODELS.items():
        shutil.copyfile(Path(found.origin).parent / "models" / source, folder / name)
    onnx.save(boxes_graph(), folder / "boxes.onnx")
    onnx.save(lines_graph(), folder / "lines.onnx")
    (folder / "keys.txt").write_text(_keys(folder / "recogniser.onnx"), encoding="utf-8", newline="\n")
    pages = [drawn(*page, INKS[number % len(INKS)]) for number, page in enumerate(PAGES)]
    np.savez(folder / "pages.npz", page=np.array(pages)[:, np.newaxis])
    for number, page in enumerate(pages):
        (folder / f"page-{number}.png").write_bytes(page)


if __name__ == "__main__":
    main()
