"""Expressions over named quantities, such as ``cooling.flow_rate <= 60 L/min``: a small grammar, nothing else runs.

Numbers may carry a unit (``20 kW``, ``32 degC``), names are dotted, operators are ``+ - * / **``, comparisons,
``and or not``; functions: abs, sqrt, exp, log, min, max. Dimensions are checked before anything is computed.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from twin.errors import did_you_mean
from twin.units import UnitError, parse_unit, to_si

_QUANTITY = re.compile(
    r"'[^']*'|\"[^\"]*\"|"  # text is left as it is
    r"(?<![\w.])(\d++\.?+\d*+(?:[eE][-+]?\d++)?+|\.\d++(?:[eE][-+]?\d++)?+)\s*"
    r"(?!(?:and|or|not|if|else|in|is)\b)((?:%|[A-Za-zµ°])(?:[\w%]|[/*^](?=[A-Za-zµ°\d]))*)"
)
_LITERAL = "quantity"
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "min": min,
    "max": max,
}
_OFFSETS = ("degree_Celsius", "degree_Fahrenheit")
_LONGEST = 1000
_KEEP_UNIT = {"abs", "min", "max"}
_OF_MANY = {"min", "max"}
_GRAMMAR = "use names, numbers with units, + - * / **, comparisons, and, or, not, abs, sqrt, exp, log, min, max"
_TEXT, _TRUTH = "text", "truth"


class ExpressionError(ValueError):
    """An expression outside the grammar, with an unknown name, or whose units do not fit."""


@dataclass(frozen=True)
class Expression:
    """A checked expression; `names` are those of the quantities that it uses."""

    text: str

    @cached_property
    def _tree(self) -> ast.expr:
        if len(self.text) > _LONGEST:
            raise ExpressionError(f"is longer than {_LONGEST} characters")
        prepared = _QUANTITY.sub(_called, self.text)
        try:
            return ast.parse(prepared.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise ExpressionError(f"'{self.text}' cannot be read; {_GRAMMAR}") from error

    @cached_property
    def names(self) -> frozenset[str]:
        """The dotted names in the expression."""
        return frozenset(_names(self._tree))

    def unit(self, units: Mapping[str, str | None]) -> str:
        """Return the SI unit of the value ("1" without dimension, "truth" of a condition); check everything.

        Parameters
        ----------
        units : mapping
            SI unit of each name that may be used; None of a text.

        Raises
        ------
        ExpressionError
            Something else than the grammar, an unknown name, or units that do not fit.
        """
        for name in sorted(self.names - set(units)):
            raise ExpressionError(f"'{name}' is unknown. {did_you_mean(name, units)}")
        found = _dimension(self._tree, units)
        if found in (_TEXT, _TRUTH):
            return str(found)
        return _written(found)

    def value(self, values: Mapping[str, Any]) -> Any:
        """Return the value in SI, or the truth of a condition.

        None if a quantity in it is None or the arithmetic has no result.
        """
        if any(values[name] is None for name in self.names):
            return None
        try:
            found = _value(self._tree, values)
        except (ZeroDivisionError, OverflowError, ValueError):
            return None
        return None if isinstance(found, complex) or (isinstance(found, float) and not math.isfinite(found)) else found


def _called(found: re.Match[str]) -> str:
    """Return a quantity as the call that stands for it; text in quotes as it is."""
    return f"{_LITERAL}({found[1]}, '{found[2]}')" if found[1] else found[0]


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        parent = _dotted(node.value)
        return None if parent is None else f"{parent}.{node.attr}"
    return None


def _names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Name | ast.Attribute):
        found = _dotted(node)
        return {found} if found is not None else set()
    children = [*node.args] if isinstance(node, ast.Call) else [*ast.iter_child_nodes(node)]
    return {name for child in children for name in _names(child)}


def _literal(node: ast.Call) -> tuple[float, str]:
    """Return number and unit of a quantity as the text said it."""
    number, unit = (ast.literal_eval(argument) for argument in node.args)
    return float(number), str(unit)


@cache
def _si(number: float, unit: str) -> float:
    base = _written(_base(unit))
    return to_si(f"{number!r} {unit}", "" if base == "1" else base)


def _base(unit: str) -> Any:
    """Return the SI base unit of what a user wrote, as a pint quantity of magnitude 1; K of degC."""
    wanted = parse_unit(unit)
    found = (1.0 * parse_unit("K")) if str(wanted) in _OFFSETS else (1.0 * wanted).to_base_units()
    return found / found.magnitude


def _of_name(unit: str) -> Any:
    """Return the SI unit of a quantity as a pint quantity of magnitude 1."""
    return 1.0 * parse_unit("dimensionless" if unit in ("", "1") else unit)


def _written(quantity: Any) -> str:
    return "1" if quantity.dimensionless else f"{quantity.units:~C}".replace("**", "^")


def _dimension(node: ast.expr, units: Mapping[str, str | None]) -> Any:
    """Return a pint quantity of the node's unit, or `_TEXT`, `_TRUTH`."""
    name = _dotted(node)
    if name is not None:
        unit = units[name]
        return _TEXT if unit is None else _of_name(unit)
    match node:
        case ast.Constant(value=bool()):
            return _TRUTH
        case ast.Constant(value=int() | float()):
            return _of_name("1")
        case ast.Constant(value=str()):
            return _TEXT
        case ast.Call(func=ast.Name(id=called)) if called == _LITERAL:
            try:
                return _base(_literal(node)[1])
            except (UnitError, ValueError, SyntaxError) as error:
                raise ExpressionError(str(error)) from error
        case ast.Call(func=ast.Name(id=called), args=arguments, keywords=[]) if called in _FUNCTIONS and arguments:
            return _of_function(called, [_dimension(argument, units) for argument in arguments])
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _ARITHMETIC:
            return _of_arithmetic(operation, _dimension(left, units), _dimension(right, units), right)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _number(_dimension(operand, units))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _truth(_dimension(operand, units))
        case ast.BoolOp(values=parts):
            for part in parts:
                _truth(_dimension(part, units))
            return _TRUTH
        case ast.Compare(left=left, ops=operations, comparators=others) if {type(o) for o in operations} <= set(
            _COMPARISONS
        ):
            _alike([_dimension(part, units) for part in (left, *others)])
            return _TRUTH
    raise ExpressionError(f"'{ast.unparse(node)}' is not allowed; {_GRAMMAR}")


def _of_function(name: str, arguments: list[Any]) -> Any:
    many = name in _OF_MANY
    if many != (len(arguments) > 1):
        raise ExpressionError(f"{name}() takes {'two numbers or more' if many else 'one number'}, not {len(arguments)}")
    for argument in arguments:
        _number(argument)
    _alike(arguments)
    if name in _KEEP_UNIT:
        return arguments[0]
    if name == "sqrt":
        return arguments[0] ** 0.5
    if not arguments[0].dimensionless:
        raise ExpressionError(f"{name}() needs a number without unit, not {_written(arguments[0])}")
    return arguments[0]


def _of_arithmetic(operation: ast.operator, left: Any, right: Any, exponent: ast.expr) -> Any:
    _number(left)
    _number(right)
    if isinstance(operation, ast.Add | ast.Sub):
        _alike([left, right])
        return left
    if not isinstance(operation, ast.Pow):
        return left * right if isinstance(operation, ast.Mult) else left / right
    if not right.dimensionless:
        raise ExpressionError(f"an exponent has no unit, not {_written(right)}")
    if left.dimensionless:
        return left
    if not (isinstance(exponent, ast.Constant) and isinstance(exponent.value, int | float)):
        raise ExpressionError("a quantity with a unit can only be raised to a number")
    return left**exponent.value


def _number(found: Any) -> Any:
    if found in (_TEXT, _TRUTH):
        raise ExpressionError(f"arithmetic needs numbers, not a {found}")
    return found


def _truth(found: Any) -> Any:
    if not isinstance(found, str) or found != _TRUTH:
        raise ExpressionError("`and`, `or` and `not` join conditions, such as `a <= 1 W and b > 0 K`")
    return found


def _alike(parts: list[Any]) -> None:
    """Refuse quantities of different dimensions side by side."""
    first = parts[0]
    for other in parts[1:]:
        if isinstance(first, str) or isinstance(other, str):
            if not (isinstance(first, str) and isinstance(other, str) and first == other):
                raise ExpressionError("text can only be compared with text")
        elif first.dimensionality != other.dimensionality:
            needs = f"{_written(first)} and {_written(other)} do not fit together"
            raise ExpressionError(f"{needs}; write numbers with their unit, such as '60 L/min'")


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    name = _dotted(node)
    if name is not None:
        return values[name]
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)  # powers of whole numbers have no limit
        case ast.Constant(value=text):
            return text
        case ast.Call(func=ast.Name(id=called)) if called == _LITERAL:
            return _si(*_literal(node))
        case ast.Call(func=ast.Name(id=called), args=arguments):
            return _FUNCTIONS[called](*(_value(argument, values) for argument in arguments))
        case ast.BinOp(left=left, op=operation, right=right):
            return _ARITHMETIC[type(operation)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=operation, operand=operand):
            found = _value(operand, values)
            return (
                not found if isinstance(operation, ast.Not) else (-found if isinstance(operation, ast.USub) else found)
            )
        case ast.BoolOp(op=operation, values=parts):
            found = [bool(_value(part, values)) for part in parts]
            return all(found) if isinstance(operation, ast.And) else any(found)
        case ast.Compare(left=left, ops=operations, comparators=others):
            items = [_value(part, values) for part in (left, *others)]
            pairs = zip(operations, items, items[1:], strict=False)
            return all(_COMPARISONS[type(operation)](a, b) for operation, a, b in pairs)
    raise ExpressionError(f"'{ast.unparse(node)}' is not allowed; {_GRAMMAR}")
