"""The graphs between the three networks of MTCNN: candidates of a pyramid, crops, and faces.

Each stage moves boxes by what a network says and cuts squares for the next one; choosing among boxes is the
registered step `nms` between them. Boxes are x1, y1, x2, y2 in pixels of the page that all stages look at.
"""

import onnx
from onnx import helper

__all__ = ["PAGE", "SCALES", "candidates_graph", "crops_graph", "faces_graph", "picked_graph", "with_boxes"]

#: Pixels of the page, and the pyramid's sizes, each half of the one before: faces of 40 pixels and more.
PAGE = 320
SCALES = (96, 48, 24, 12)
STRIDE, CELL = 2, 12

HEAD = '<ir_version: 9, opset_import: ["": 18]>'

PICK = """
  kept_{0} = Gather({0}, kept)"""

#: Moves boxes (b) by regressions (r) and makes them square, in whole pixels.
MOVED = """
  edge1, edge2, edge3, edge4 = Split <axis = 1, num_outputs = 4> (b)
  shift1, shift2, shift3, shift4 = Split <axis = 1, num_outputs = 4> (r)
  one = Constant <value = float {1.0}> ()
  half = Constant <value = float {0.5}> ()
  wide = Sub(edge3, edge1)
  high = Sub(edge4, edge2)
  by1 = Mul(shift1, wide)
  by2 = Mul(shift2, high)
  by3 = Mul(shift3, wide)
  by4 = Mul(shift4, high)
  x1 = Add(edge1, by1)
  y1 = Add(edge2, by2)
  x2 = Add(edge3, by3)
  y2 = Add(edge4, by4)
"""

SQUARE = """
  across = Sub(x2, x1)
  down = Sub(y2, y1)
  side = Max(across, down)
  middle_x = Add(x1, x2)
  middle_y = Add(y1, y2)
  centre_x = Mul(middle_x, half)
  centre_y = Mul(middle_y, half)
  reach = Mul(side, half)
  left = Sub(centre_x, reach)
  top = Sub(centre_y, reach)
  first_x = Floor(left)
  first_y = Floor(top)
  whole = Floor(side)
  length = Max(whole, one)
  last_x = Add(first_x, length)
  last_y = Add(first_y, length)
  squares = Concat <axis = 1> (first_x, first_y, last_x, last_y)
"""

#: Cuts squares out of the page, outside of which everything is 0, and scales them to SIZE x SIZE.
CUT = """
  zero = Constant <value = float {0.0}> ()
  size = Constant <value = float {SIZE.0}> ()
  edge = Constant <value = float {EDGE.0}> ()
  row = Constant <value = float {PAGE.0}> ()
  numbers = Range(zero, size, one)
  step = Div(length, size)
  middle = Add(numbers, half)
  along = Mul(middle, step)
  along_x = Add(along, first_x)
  along_y = Add(along, first_y)
  at_x = Sub(along_x, half)
  at_y = Sub(along_y, half)
  low_x = Floor(at_x)
  low_y = Floor(at_y)
  part_x = Sub(at_x, low_x)
  part_y = Sub(at_y, low_y)
  next_x = Add(low_x, one)
  next_y = Add(low_y, one)
  colours = Constant <value = int64[2] {-1, 3}> ()
  flat = Reshape(page, colours)
  values = Cast <to = 1> (flat)
  axis1 = Constant <value = int64[1] {1}> ()
  axis2 = Constant <value = int64[1] {2}> ()
  axis3 = Constant <value = int64[1] {3}> ()
  rest_x = Sub(one, part_x)
  rest_y = Sub(one, part_y)
"""

#: Adds one corner of the interpolation: the element at (X, Y) with its weights.
CORNER = """
  x_{0} = Clip({X}, zero, edge)
  y_{0} = Clip({Y}, zero, edge)
  same_x_{0} = Equal(x_{0}, {X})
  same_y_{0} = Equal(y_{0}, {Y})
  in_x_{0} = Cast <to = 1> (same_x_{0})
  in_y_{0} = Cast <to = 1> (same_y_{0})
  weight_x_{0} = Mul({WX}, in_x_{0})
  weight_y_{0} = Mul({WY}, in_y_{0})
  rows_{0} = Mul(y_{0}, row)
  over_{0} = Unsqueeze(rows_{0}, axis2)
  beside_{0} = Unsqueeze(x_{0}, axis1)
  place_{0} = Add(over_{0}, beside_{0})
  index_{0} = Cast <to = 7> (place_{0})
  found_{0} = Gather(values, index_{0})
  wy_{0} = Unsqueeze(weight_y_{0}, axis2)
  wx_{0} = Unsqueeze(weight_x_{0}, axis1)
  both_{0} = Mul(wy_{0}, wx_{0})
  weight_{0} = Unsqueeze(both_{0}, axis3)
  corner_{0} = Mul(found_{0}, weight_{0})"""

SCALED = """
  upper = Add(corner_0, corner_1)
  lower = Add(corner_2, corner_3)
  mixed = Add(upper, lower)
  grey = Constant <value = float {127.5}> ()
  unit = Constant <value = float {0.0078125}> ()
  centred = Sub(mixed, grey)
  crops = Mul(centred, unit)
"""


def _model(text: str, **values: int) -> onnx.ModelProto:
    for name, value in values.items():
        text = text.replace(name, str(value))
    model = onnx.parser.parse_model(f"{HEAD}\n{text}")
    onnx.checker.check_model(model)
    return model


def candidates_graph(grids: tuple[int, ...]) -> onnx.ModelProto:
    """Return the graph that lists every cell of the pyramid as a box: moves and scores of each scale in."""
    inputs = ", ".join(
        f"float[1, {n}, {n}, 4] move{i}, float[1, {n}, {n}, 2] face{i}" for i, n in enumerate(grids)
    )
    total = sum(n * n for n in grids)
    boxes = [
        value
        for grid, scale in zip(grids, SCALES, strict=True)
        for across in range(grid)
        for down in range(grid)
        for start in (0, CELL)
        for value in ((STRIDE * across + start) * PAGE / scale, (STRIDE * down + start) * PAGE / scale)
    ]
    numbers = ", ".join(f"{value:.3f}" for value in boxes)
    lines = [
        f"move_list{i} = Reshape(move{i}, four)\n  face_list{i} = Reshape(face{i}, two)"
        for i in range(len(grids))
    ]
    moves, faces = (", ".join(f"{name}_list{i}" for i in range(len(grids))) for name in ("move", "face"))
    newline = "\n  "
    return _model(f"""candidates ({inputs})
  => (float[{total}, 4] boxes, float[{total}] scores, float[{total}, 4] moves)
{{
  four = Constant <value = int64[2] {{-1, 4}}> ()
  two = Constant <value = int64[2] {{-1, 2}}> ()
  yes = Constant <value = int64 {{1}}> ()
  {newline.join(lines)}
  moves = Concat <axis = 0> ({moves})
  pairs = Concat <axis = 0> ({faces})
  scores = Gather <axis = 1> (pairs, yes)
  boxes = Constant <value = float[{total}, 4] {{{numbers}}}> ()
}}""")


def crops_graph(size: int) -> onnx.ModelProto:
    """Return the graph from kept boxes to squares and crops of `size`: page, boxes, moves, kept in."""
    corners = (("low_x", "low_y", "rest_x", "rest_y"), ("next_x", "low_y", "part_x", "rest_y"),
               ("low_x", "next_y", "rest_x", "part_y"), ("next_x", "next_y", "part_x", "part_y"))  # fmt: skip
    mixed = "".join(
        CORNER.replace("{0}", str(at))
        .replace("{X}", x)
        .replace("{Y}", y)
        .replace("{WX}", wx)
        .replace("{WY}", wy)
        for at, (x, y, wx, wy) in enumerate(corners)
    )
    # The networks were trained on images whose x and y change places.
    text = f"""crops (uint8[PAGE, PAGE, 3] page, float[A, 4] boxes, float[A, 4] moves, int64[K] kept)
  => (float[K, 4] squares, float[K, SIZE, SIZE, 3] turned)
{{{PICK.format("boxes")}{PICK.format("moves")}
  b = Identity(kept_boxes)
  r = Identity(kept_moves)
{MOVED}{SQUARE}{CUT}{mixed}{SCALED}
  turned = Transpose <perm = [0, 2, 1, 3]> (crops)
}}"""
    return _model(text, SIZE=size, EDGE=PAGE - 1, PAGE=PAGE)


def faces_graph() -> onnx.ModelProto:
    """Return the graph from the last network's answers to boxes, scores and points on the page."""
    return _model(f"""faces (float[K, 4] r, float[K, 10] marks, float[K, 2] pair, float[K, 4] b)
  => (float[K, 4] boxes, float[K] scores, float[K, 10] points)
{{{MOVED}
  boxes = Concat <axis = 1> (x1, y1, x2, y2)
  yes = Constant <value = int64 {{1}}> ()
  scores = Gather <axis = 1> (pair, yes)
  xs, ys = Split <axis = 1, num_outputs = 2> (marks)
  moved_x = Mul(xs, wide)
  moved_y = Mul(ys, high)
  points_x = Add(moved_x, edge1)
  points_y = Add(moved_y, edge2)
  points = Concat <axis = 1> (points_x, points_y)
}}""")


def picked_graph() -> onnx.ModelProto:
    """Return the graph that picks the faces that nms kept."""
    picks = "".join(PICK.format(name) for name in ("boxes", "scores", "points"))
    return _model(f"""picked (float[K, 4] boxes, float[K] scores, float[K, 10] points, int64[F] kept)
  => (float[F, 4] kept_boxes, float[F] kept_scores, float[F, 10] kept_points)
{{{picks}
}}""")


def with_boxes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the last network with its boxes handed on: post-processing sees outputs only."""
    model.graph.input.append(helper.make_tensor_value_info("squares", onnx.TensorProto.FLOAT, ["N", 4]))
    model.graph.output.append(helper.make_tensor_value_info("boxes", onnx.TensorProto.FLOAT, ["N", 4]))
    model.graph.node.append(helper.make_node("Identity", ["squares"], ["boxes"]))
    onnx.checker.check_model(model)
    return model
