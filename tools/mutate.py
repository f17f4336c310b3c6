"""Break one module in many small ways, and name each break that its tests do not notice.

    python tools/mutate.py src/logitgate/gates/rules/gates.py tests/gates/test_gates.py

Each mutant swaps a comparison, drops one operand of an `and` or `or`, turns a status, a sign or a branch
around, exchanges two arguments, or adds 1 to a number. The tests run in a fork of this interpreter, so that
the libraries are loaded once; the mutant lives in memory only, and the work tree stays as it is. A test
that starts another interpreter sees the sound module. A survivor is no fault yet: it may change nothing
that can be seen. The exit code is 0 whatever survives.
"""

from __future__ import annotations

import ast
import copy
import os
import signal
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path

_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_SUMS = {ast.Sub: ast.Add, ast.Add: ast.Sub, ast.Mult: ast.Add}
_STATUS = {"PASS": "FAIL", "FAIL": "PASS", "INDETERMINATE": "PASS", "WARN": "FAIL", "INSUFFICIENT": "PASS"}
_LIBRARIES = ("numpy", "pandas", "scipy.stats", "scipy.optimize", "sklearn.pipeline", "sklearn.linear_model")
_SECONDS = 120
_WORKERS = 2


def mutants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what each mutant changes, and its source."""
    for place, node in enumerate(ast.walk(tree)):
        for kind in range(len(list(_changes(node)))):
            other = copy.deepcopy(tree)
            changed = list(ast.walk(other))[place]
            change = ast.unparse(changed)[:70]
            new = list(_changes(changed))[kind]()
            if isinstance(new, ast.expr):
                other = _Put(changed, new).visit(other)
            text = ast.unparse(ast.fix_missing_locations(other))
            line = getattr(node, "lineno", 0)
            yield f"line {line}: {change!r} -> {ast.unparse(new or changed)[:70]!r}", text


class _Put(ast.NodeTransformer):
    """Put one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Exchange the node that is meant, and no other."""
        return self.new if node is self.old else self.generic_visit(node)


def _changes(node: ast.AST) -> Iterator:  # noqa: PLR0912 - a line for each kind of change
    """Yield a change of this node each: it is made in place, or returns what takes the node's place."""
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                for new in _COMPARISONS[type(operator)]:
                    yield lambda at=at, new=new: node.ops.__setitem__(at, new())
        case ast.BoolOp():
            yield lambda: setattr(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
            for at in range(len(node.values)):
                yield lambda at=at: ast.BoolOp(node.op, node.values[:at] + node.values[at + 1 :])
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda: node.operand
        case ast.BinOp() if type(node.op) in _SUMS:
            yield lambda: setattr(node, "op", _SUMS[type(node.op)]())
        case ast.Attribute(value=ast.Name(id="Status")) if node.attr in _STATUS:
            yield lambda: setattr(node, "attr", _STATUS[node.attr])
        case ast.IfExp():
            yield lambda: ast.IfExp(node.test, node.orelse, node.body)
        case ast.If():
            yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.Call(func=ast.Attribute(attr="isfinite" | "isnan" as name)):
            yield lambda: ast.Constant(name == "isfinite")
        case ast.Call(args=[ast.Name() | ast.Attribute(), ast.Name() | ast.Attribute(), *_]):
            yield lambda: node.args.insert(0, node.args.pop(1))
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            yield lambda: setattr(node, "value", node.value + 1)


def survives(path: Path, text: str, tests: list[str]) -> bool:
    """Run the tests with this source in the module's place; only called in a fork."""
    import pytest  # noqa: PLC0415 - in the fork, whose end leaves nothing behind

    sound = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str):  # noqa: ANN202 - as its original
        if Path(loader.path).resolve() == path:
            return compile(text, loader.path, "exec")
        return sound(loader, name)

    SourceFileLoader.get_code = get_code
    signal.alarm(_SECONDS)
    # As they are: pytest would load any *_test.py itself, to rewrite its assertions.
    return pytest.main(["-q", "-x", "--assert=plain", "-p", "no:cacheprovider", *tests]) == 0


def main(target: str, tests: list[str]) -> None:
    """Judge all mutants of a module, two at a time."""
    for name in ("pytest", *_LIBRARIES):
        __import__(name)
    path, running, left, killed = Path(target).resolve(), {}, [], 0

    def finish() -> None:
        nonlocal killed
        pid, status = os.wait()
        change = running.pop(pid)
        killed += status != 0
        if status == 0:
            left.append(change)
            print("SURVIVED", change, flush=True)  # noqa: T201

    for change, text in mutants(ast.parse(path.read_text())):
        if len(running) == _WORKERS:
            finish()
        if pid := os.fork():
            running[pid] = change
            continue
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os._exit(0 if survives(path, text, tests) else 1)
    while running:
        finish()
    print(f"{killed}/{killed + len(left)} killed")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
