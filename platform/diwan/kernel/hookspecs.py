"""The twelve questions that the platform asks of every plugin: their arguments, their budgets and what a failure means.

pluggy checks names and arguments here; calls go through the lineup and the guard, never through pluggy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

    @spec(on_error="fail", budget_ms=None)
    def upgrade(self, tenant: Any, from_version: str) -> None:
        """A new version runs for this tenant for the first time (a job, after the schema's migration)."""

    @spec(on_error="skip", budget_ms=None)
    def purge(self, tenant: Any) -> None:
        """The tenant uninstalls the plugin: undo what exists outside the database. The rows go afterwards."""

    @spec(on_error="fail", budget_ms=5)
    def record_filter(self, resource: str, user: Any) -> Any:
        """Return an SQL criterion that the user's records must meet, or None. It fails closed."""

    @spec(on_error="skip", budget_ms=100)
    def search(self, text: str, user: Any, limit: int) -> list[Any] | None:
        """Return hits for the search over everything."""

    @spec(on_error="skip", budget_ms=50)
    def document_context(self, document: str, record: Any) -> dict[str, Any] | None:
        """Return more values for a document's template."""

    @spec(on_error="fail", budget_ms=None)
    def personal_data(self, subject: Any) -> Iterable[Any] | None:
        """Return all that the plugin stores about a person."""

    @spec(on_error="fail", budget_ms=None)
    def forget(self, subject: Any) -> list[str] | None:
        """Erase what the plugin stores about a person; return what was erased."""

    @spec(on_error="fail", budget_ms=200)
    def validate_settings(self, old: Any, new: Any) -> None:
        """Refuse settings that do not fit together (raise Refuse)."""

    @spec(on_error="fail", budget_ms=None)
    def meter(self, tenant: Any, period: Any) -> Any:
        """Return the usage to bill for a period, where counting an event is not enough."""

    @spec(on_error="fail", budget_ms=1000)
    def health(self) -> list[Any] | None:
        """Return the plugin's own checks for the health page."""


def manager() -> pluggy.PluginManager:
    """Return a new pluggy manager that knows the specifications."""
    made = pluggy.PluginManager("diwan")
    made.add_hookspecs(Hooks)
    return made
