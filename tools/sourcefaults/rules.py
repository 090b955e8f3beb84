"""Faults by rule: a comparison swapped, a bound moved, a condition negated, a finding left out, and so on.

Owns the rules and where they apply: not in messages, type annotations and docstrings. Serves `package`.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from itertools import accumulate

from sourcefaults.fault import Edit, Fault, source

__all__ = ["by_rule"]

Variant = tuple[str, str]
_SWAPPED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE,),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE,),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
#: A bound that takes one more step away than swapping `<` and `<=` does.
_FURTHER: dict[type[ast.cmpop], int] = {ast.Lt: -1, ast.LtE: 1, ast.Gt: 1, ast.GtE: -1}
_COUNTERPARTS = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
#: Names of what is said to people, or of a module.
_WORDS = ("message", "__all__", "__slots__", "hint")
#: Calls whose arguments are words for people.
_SAYING = {"Finding", "_Broken", "WireError", "FormatError", "NotChecked"}


def by_rule(module: str) -> Iterator[Fault]:
    """Yield every fault that the rules make of a module, in the order of the text."""
    text = source(module).read_text(encoding="utf-8")
    tree = ast.parse(text)
    starts = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    lines = text.splitlines(keepends=True)

    def place(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    taken: dict[str, int] = {}
    for node in _nodes(tree):
        start = place(node.lineno, node.col_offset)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        end = place(node.end_lineno, node.end_col_offset)
        for rule, new in _variants(node):
            key = f"{module.removeprefix('lepton.')}:{node.lineno}:{rule}"
            number = taken[key] = taken.get(key, 0) + 1
            name = f"{key}-{number}" if number > 1 else key
            yield Fault(name, (Edit(module, new, start=start, end=end),), line=node.lineno, rule=rule)


def _nodes(tree: ast.Module) -> Iterator[ast.stmt | ast.expr]:
    """Yield the nodes that rules may change, outside in."""
    pending: list[ast.AST] = list(reversed(tree.body))
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Assert, ast.Raise, ast.Global)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, (ast.stmt, ast.expr)):
            yield node
        inner = [child for child in ast.iter_child_nodes(node) if not _is_words(node, child)]
        pending.extend(reversed(inner))


def _is_words(parent: ast.AST, child: ast.AST) -> bool:
    """Say whether a child is an annotation, a docstring, a decorator, or a message."""
    if isinstance(parent, (ast.FunctionDef, ast.ClassDef)):
        if child in parent.decorator_list or child is getattr(parent, "returns", None):
            return True
        if isinstance(child, ast.arguments):
            return True
    if isinstance(parent, ast.AnnAssign):
        return child is parent.annotation
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True
    if isinstance(parent, ast.Assign) and any(
        isinstance(one, ast.Name) and one.id in ("message", "__all__", "__slots__", "hint")
        for one in parent.targets
    ):
        return True
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in _SAYING


def _variants(node: ast.stmt | ast.expr) -> Iterator[Variant]:
    """Yield what a node may be replaced by: the rule, and the new text."""
    rule = _RULES.get(type(node))
    if rule is not None:
        yield from rule(node)


def _text(node: ast.AST) -> str:
    return f"({ast.unparse(node)})"


def _compare(node: ast.Compare) -> Iterator[Variant]:
    for at, op in enumerate(node.ops):
        for other in _SWAPPED[type(op)]:
            changed = copy.deepcopy(node)
            changed.ops[at] = other()
            yield "comparison", _text(changed)
        if type(op) in _FURTHER:
            changed = copy.deepcopy(node)
            step = _FURTHER[type(op)]
            changed.comparators[at] = ast.BinOp(
                changed.comparators[at], ast.Add() if step > 0 else ast.Sub(), ast.Constant(1)
            )
            yield "bound", _text(changed)


def _boolean(node: ast.BoolOp) -> Iterator[Variant]:
    changed = copy.deepcopy(node)
    changed.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield "and-or", _text(changed)
    for at in range(len(node.values)):
        left = [value for place, value in enumerate(node.values) if place != at]
        kept = left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
        yield "operand", _text(kept)


def _not(node: ast.UnaryOp) -> Iterator[Variant]:
    if isinstance(node.op, ast.Not):
        yield "not", _text(node.operand)


def _choice(node: ast.IfExp) -> Iterator[Variant]:
    yield "first-branch", _text(node.body)
    yield "second-branch", _text(node.orelse)


def _constant(node: ast.Constant) -> Iterator[Variant]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", repr(not value)
    elif isinstance(value, int):
        yield "constant", repr(value + 1)
        if value:
            yield "constant", repr(value - 1)
    elif isinstance(value, float):
        yield "constant", repr(value * 1.01 if value else 1.0)


def _members(node: ast.Tuple | ast.List | ast.Set) -> Iterator[Variant]:
    if len(node.elts) < 2 or not all(isinstance(one, (ast.Constant, ast.Tuple)) for one in node.elts):
        return
    if isinstance(node.elts, list) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        for at in range(len(node.elts)):
            changed = copy.deepcopy(node)
            del changed.elts[at]
            yield "member", ast.unparse(changed)


def _entries(node: ast.Dict) -> Iterator[Variant]:
    if len(node.keys) < 2 or not all(isinstance(one, ast.Constant) for one in node.keys):
        return
    for at in range(len(node.keys)):
        changed = copy.deepcopy(node)
        del changed.keys[at], changed.values[at]
        yield "entry", ast.unparse(changed)


def _for(node: ast.For) -> Iterator[Variant]:
    body = ast.unparse(ast.Module(node.body, []))
    indent = " " * (node.col_offset + 4)
    rest = "\n".join(indent + line for line in body.splitlines())
    tail = ""
    if node.orelse:
        orelse = ast.unparse(ast.Module(node.orelse, []))
        tail = f"\n{' ' * node.col_offset}else:\n" + "\n".join(indent + line for line in orelse.splitlines())
    for rule, part in (("first-only", "[:1]"), ("last-only", "[-1:]")):
        head = f"for {ast.unparse(node.target)} in list({ast.unparse(node.iter)}){part}:"
        yield rule, f"{head}\n{rest}{tail}"


def _if(node: ast.If) -> Iterator[Variant]:
    """Leave a branch out: its condition is false."""
    changed = copy.deepcopy(node)
    changed.test = ast.Constant(False)
    indented = ast.unparse(changed).splitlines()
    pad = " " * node.col_offset
    yield "branch-removed", "\n".join([indented[0], *(pad + line for line in indented[1:])])


def _yield(node: ast.Yield | ast.YieldFrom) -> Iterator[Variant]:
    yield "finding-removed", "(yield from ())"


def _return(node: ast.Return) -> Iterator[Variant]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield "return-nothing", "return None"


def _continue(node: ast.Continue) -> Iterator[Variant]:
    yield "stops-early", "break"


def _break(node: ast.Break) -> Iterator[Variant]:
    yield "goes-on", "continue"


def _slice(node: ast.Subscript) -> Iterator[Variant]:
    if not isinstance(node.slice, ast.Slice) or not isinstance(node.ctx, ast.Load):
        return
    for end in ("lower", "upper"):
        bound = getattr(node.slice, end)
        if bound is not None and not isinstance(bound, ast.Constant):
            changed = copy.deepcopy(node)
            assert isinstance(changed.slice, ast.Slice)
            setattr(changed.slice, end, ast.BinOp(bound, ast.Add(), ast.Constant(1)))
            yield "slice", ast.unparse(changed)


def _call(node: ast.Call) -> Iterator[Variant]:
    if isinstance(node.func, ast.Name) and node.func.id in _COUNTERPARTS:
        changed = copy.deepcopy(node)
        changed.func = ast.Name(_COUNTERPARTS[node.func.id], ast.Load())
        if node.func.id == "sorted":
            changed.keywords = []
        yield "counterpart", ast.unparse(changed)
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if method in ("lower", "upper", "casefold", "strip") and not node.args and not node.keywords:
        assert isinstance(node.func, ast.Attribute)
        yield "call-removed", _text(node.func.value)


def _binary(node: ast.BinOp) -> Iterator[Variant]:
    other = _ARITHMETIC.get(type(node.op))
    words = any(isinstance(one, ast.JoinedStr) for one in (node.left, node.right))
    if other is not None and not words:
        changed = copy.deepcopy(node)
        changed.op = other()
        yield "arithmetic", _text(changed)


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Iterator[Variant]:
    for at, one in enumerate(node.generators):
        for place in range(len(one.ifs)):
            changed = copy.deepcopy(node)
            del changed.generators[at].ifs[place]
            yield "filter-removed", ast.unparse(changed)
        for rule, part in (("first-only", slice(None, 1)), ("last-only", slice(-1, None))):
            changed = copy.deepcopy(node)
            every = ast.Call(ast.Name("list", ast.Load()), [one.iter], [])
            lower = None if part.start is None else ast.Constant(part.start)
            upper = None if part.stop is None else ast.Constant(part.stop)
            changed.generators[at].iter = ast.Subscript(every, ast.Slice(lower, upper), ast.Load())
            yield rule, ast.unparse(changed)


_RULES: dict[type[ast.AST], Callable[..., Iterator[Variant]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _not,
    ast.IfExp: _choice,
    ast.Constant: _constant,
    ast.Tuple: _members,
    ast.List: _members,
    ast.Set: _members,
    ast.Dict: _entries,
    ast.For: _for,
    ast.If: _if,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Return: _return,
    ast.Continue: _continue,
    ast.Break: _break,
    ast.Subscript: _slice,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
}
