"""The questions that the platform asks of every plugin: their arguments, their budgets and what a failure means.

It must not hold a question that nobody asks: plugins would count on it. pluggy only checks names and arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import pluggy

Policy = Literal["skip", "fail"]
F = TypeVar("F", bound=Callable[..., Any])

_specification = pluggy.HookspecMarker("diwan")
implementation = pluggy.HookimplMarker("diwan")


@dataclass(frozen=True, slots=True)
class Spec:
    """What the guard must know of a hook. `budget_ms` is None where a job's own timeout limits it."""

    name: str
    on_error: Policy
    budget_ms: int | None


SPECS: dict[str, Spec] = {}


def spec(*, on_error: Policy, budget_ms: int | None) -> Callable[[F], F]:
    """Mark a hook's specification. "skip" leaves a failed answer out, "fail" stops whatever asked."""

    def mark(function: F) -> F:
        SPECS[function.__name__] = Spec(function.__name__, on_error, budget_ms)
        return _specification(function)

    return mark


class Hooks:
    """The specifications. An implementation may take any subset of the arguments, by name."""

    @spec(on_error="fail", budget_ms=5000)
    def enable(self, tenant: Any, first: bool) -> None:
        """The tenant switches the plugin on; `first` tells whether it never was. A failure leaves it off."""

    @spec(on_error="fail", budget_ms=5000)
    def disable(self, tenant: Any) -> None:
        """The tenant switches the plugin off. A failure leaves it on."""

    @spec(on_error="fail", budget_ms=1000)
    def health(self) -> list[Any] | None:
        """Return the plugin's own checks for the health page."""


def manager() -> pluggy.PluginManager:
    """Return a new pluggy manager that knows the specifications."""
    made = pluggy.PluginManager("diwan")
    made.add_hookspecs(Hooks)
    return made
