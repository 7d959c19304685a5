"""Values that follow from others: formulas that PostgreSQL keeps up to date, and functions of a record with its rows.

A formula of plain arithmetic is worked out here too, so that forms show it while people type. It must not write.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from diwan.db.columns import Scaled
from diwan.resources.amounts import currency_of, digits_of

if TYPE_CHECKING:
    from diwan.resources.declare import Resource
    from diwan.resources.fields import Field

NAME = re.compile(r"[A-Za-z_]\w*")
LITERAL = re.compile(r"'(?:[^']|'')*'")


class Formula:
    """SQL over the fields of one record: `quantity * price`. Amounts and quantities count as plain numbers in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = _arithmetic(text)

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    @property
    def names(self) -> set[str]:
        """The words of the text that may be fields."""
        return set(NAME.findall(LITERAL.sub("", self.text)))

    def sql(self, types: Mapping[str, Any], own: Any) -> str:
        """Return the expression for PostgreSQL. `types`: the column type of each field; `own`: that of the result."""

        def read(found: re.Match[str]) -> str:
            name = found[0]
            type_ = types.get(name)
            if type_ is None:
                return name
            return f'("{name}"::numeric * {_unit(type_)})' if isinstance(type_, Scaled) else f'"{name}"'

        pieces = re.split(f"({LITERAL.pattern})", self.text)
        text = "".join(piece if piece.startswith("'") else NAME.sub(read, piece) for piece in pieces)
        return f"round(({text}) * {10**own.places}::numeric)::bigint" if isinstance(own, Scaled) else text

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the value for these values of fields, None where one is missing or the text is not arithmetic."""
        if self._tree is None:
            return None
        try:
            return _evaluate(self._tree, values)
        except (ArithmeticError, InvalidOperation, TypeError, KeyError):
            return None


def _unit(type_: Scaled) -> str:
    return f"{Decimal(1).scaleb(-type_.places):f}"


def _arithmetic(text: str) -> ast.expr | None:
    """The tree of a formula that is arithmetic for both PostgreSQL and us; None for all other SQL."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return tree if _known(tree) else None


def _known(node: ast.expr) -> bool:
    match node:
        case ast.Name() | ast.Constant(value=int() | float()):
            return True
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            return _known(left) and _known(right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _known(operand)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return name in FUNCTIONS and bool(arguments) and all(map(_known, arguments))
    return False


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=value):
            return Decimal(str(value))
        case ast.UnaryOp(operand=operand):
            return None if (value := _evaluate(operand, values)) is None else -value
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(_evaluate(argument, values) for argument in arguments))
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _evaluate(left, values), _evaluate(right, values)
            return None if a is None or b is None else OPERATIONS[type(op)](_number(a), _number(b))
    raise TypeError(node)


def _number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _round(value: Any, places: Any = 0) -> Any:
    return None if value is None else value.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)


def _chosen(choose: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        there = [value for value in values if value is not None]
        return choose(there) if there else None

    return call


OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "coalesce": _chosen(lambda there: there[0]), "least": _chosen(min), "greatest": _chosen(max), "round": _round,
    "abs": lambda value: None if value is None else abs(value),
}  # fmt: skip


class Draft(SimpleNamespace):
    """A record as it will be: its values by name and, by the name of each part, the list of its child rows."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(vars(self).items())


def computes(resource: Resource) -> bool:
    """Return whether anything is worked out by a function when a record of the resource is written."""
    return any(f.function for f in resource.fields.values()) or any(
        f.function for part in resource.parts.values() for f in part.fields.values()
    )


def compute(
    resource: Resource,
    values: Mapping[str, Any],
    parts: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    outer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the computed fields of a record with these values (typed; what is missing is blank) and child rows.

    Formulas that are more than arithmetic are left out: only PostgreSQL knows them. `outer` holds the values of the
    record that a child row belongs to.
    """
    draft = _draft(resource, values, parts or {}, outer or {})
    return {name: getattr(draft, name) for name, f in resource.fields.items() if f.computed and hasattr(draft, name)}


def settle(
    resource: Resource,
    values: Mapping[str, Any],
    parts: Mapping[str, Sequence[dict[str, Any]]],
    outer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Work out what functions compute before a record is written: into its child rows, and returned for itself."""
    for name, rows in parts.items():
        part = resource.parts[name]
        for row in rows:
            row.update(_of_functions(part, compute(part, row, outer=values)))
    if not any(f.function for f in resource.fields.values()):
        return {}
    return _of_functions(resource, compute(resource, values, parts, outer))


def _of_functions(resource: Resource, computed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in computed.items() if resource.fields[name].function}


def _draft(
    resource: Resource,
    values: Mapping[str, Any],
    parts: Mapping[str, Sequence[Mapping[str, Any]]],
    outer: Mapping[str, Any],
) -> Draft:
    known = {name: values.get(name) for name, f in resource.fields.items() if not f.computed}
    draft = Draft(**known)
    for name, part in resource.parts.items():
        setattr(draft, name, [_draft(part, row, {}, known) for row in parts.get(name, ())])
    for name, described in resource.fields.items():
        if described.formula is not None:
            value = described.formula.evaluate(vars(draft))
            setattr(
                draft, name, values.get(name) if value is None else rounded(resource, described, value, known, outer)
            )
    for name, described in resource.fields.items():
        if described.function is not None:
            value = described.function(draft)
            setattr(draft, name, rounded(resource, described, value, known, outer))
    return draft


def rounded(
    resource: Resource, described: Field, value: Any, values: Mapping[str, Any], outer: Mapping[str, Any]
) -> Any:
    """Return a computed value as its kind holds it: amounts at the decimals of their currency, other numbers at most
    at the places of the column."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    if described.kind.name == "integer":
        return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP))
    column = described.kind.column
    if not isinstance(column, Scaled):
        return Decimal(value) if described.kind.name == "decimal" else value
    number = Decimal(value)
    if described.kind.name == "money" and described.function is not None:
        digits = digits_of(currency_of(described, values, outer))
        number = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return column.canonical(number)
