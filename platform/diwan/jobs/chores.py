"""What the leading scheduler does beside its rounds, for areas above this one: each hour for each business, and each
round for the whole installation.

It must not know what that is. A chore may come twice, must bear it, and takes a few seconds at most.
"""

from __future__ import annotations

from collections.abc import Callable

Chore = Callable[[], int]

_of_tenants: dict[str, Chore] = {}
_of_all: dict[str, Chore] = {}


def each_hour(name: str, chore: Chore) -> None:
    """Call `chore` each hour in the scope of each active tenant; it opens its units of work and returns a number."""
    _of_tenants[name] = chore


def each_round(name: str, chore: Chore) -> None:
    """Call `chore` in each round of the leading scheduler, without a tenant."""
    _of_all[name] = chore


def of_tenants() -> tuple[Chore, ...]:
    """Return the hourly chores."""
    return tuple(_of_tenants.values())


def of_all() -> tuple[tuple[str, Chore], ...]:
    """Return the chores of a round, with their names."""
    return tuple(_of_all.items())
