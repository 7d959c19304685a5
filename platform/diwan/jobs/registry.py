"""Which function does the work that an intention names: the core's jobs, then those of the tenant's plugins.

It must not run anything; `runner` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

ATTEMPTS = 5
TIMEOUT = 600
QUICK_TIMEOUT = 60

Parked = Callable[[Mapping[str, Any], str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """How one kind of work is done. `timeout` and `backoff` are seconds.

    `batches` jobs commit units of work of their own; the others run in one transaction that the runner commits.
    `call` gets the payload as keyword arguments. `on_parked(payload, error)` is told when the last attempt failed.
    """

    name: str
    call: Callable[..., Any]
    batches: bool = False
    timeout: int = TIMEOUT
    attempts: int = ATTEMPTS
    backoff: float = 5.0
    on_parked: Parked | None = None
    plugin: str = ""


class Contributed(Protocol):
    """A contribution, as far as jobs know it."""

    @property
    def plugin(self) -> str: ...
    @property
    def target(self) -> Callable[..., Any]: ...
    @property
    def options(self) -> Mapping[str, Any]: ...


_jobs: dict[str, Job] = {}


def register(name: str, call: Callable[..., Any], **options: Any) -> Job:
    """Make `call` the function of a core job; for areas below this one, which cannot use the decorator."""
    made = Job(name, call, **options)
    known = _jobs.get(name)
    if known is not None and known.call.__qualname__ != call.__qualname__:
        raise ValueError(f"job {name} is {known.call.__module__}.{known.call.__qualname__} already")
    _jobs[name] = made
    return made


def job(
    name: str,
    *,
    batches: bool = False,
    timeout: int = TIMEOUT,
    attempts: int = ATTEMPTS,
    backoff: float = 5.0,
    on_parked: Parked | None = None,
) -> Callable[[F], F]:
    """Declare a core job: `@job("core.import.run")`. It must be idempotent: after a crash it runs again."""

    def decorate(function: F) -> F:
        register(
            name, function, batches=batches, timeout=timeout, attempts=attempts, backoff=backoff, on_parked=on_parked
        )
        return function

    return decorate


def find(kind: str, name: str, lineup: Any) -> Job | None:
    """Return the job of an intention, or None where the plugin that should do it is off or gone."""
    if kind != "event" and name in _jobs:
        return _jobs[name]
    if lineup is None:
        return None
    for contributed in ("on",) if kind == "event" else ("job", "schedule"):
        contribution: Contributed | None = lineup.find(contributed, name)
        if contribution is not None:
            return _of_plugin(name, contribution, lineup, quick=kind == "event")
    return None


def is_core(name: str) -> bool:
    """Return whether the platform itself does the work; a missing plugin is no fault, a missing core job is."""
    return name.startswith("core.")


def _of_plugin(name: str, contribution: Contributed, lineup: Any, *, quick: bool) -> Job:
    def call(*args: Any, **kwargs: Any) -> Any:
        # The backoff of the job spaces failures already: an open breaker would only burn its attempts.
        return lineup.call(contribution, *args, breaker=False, **kwargs)

    # Arguments are decoded by the annotations of the plugin's function, not of this wrapper.
    call.__wrapped__ = contribution.target  # type: ignore[attr-defined]
    return Job(
        name,
        call,
        timeout=contribution.options.get("timeout") or (QUICK_TIMEOUT if quick else TIMEOUT),
        attempts=contribution.options.get("attempts") or ATTEMPTS,
        batches=bool(contribution.options.get("batches")),
        plugin=contribution.plugin,
    )
