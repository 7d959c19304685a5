"""`plugin = Plugin(__name__)`: the object through which a plugin declares what it adds.

Declaring never raises and has no effect outside the object: faults are collected, and the loader reports all at once.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload
from uuid import UUID

from croniter import croniter

from diwan.db.grants import GRANT
from diwan.events import outbox
from diwan.events.naming import event_name, name_package
from diwan.kernel import configuring, hookspecs, manifest
from diwan.kernel.acting import declare_action
from diwan.kernel.contribution import KINDS, Contribution, settings_permission
from diwan.kit import i18n
from diwan.kit.i18n import LazyText
from diwan.resources.declare import DeclarationError, declare
from diwan.resources.describing import describe_class
from diwan.resources.model import register_package

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)

Text = str | LazyText
SETTINGS = i18n._("Settings")
SIZES = ("small", "wide", "tall", "large")
SLOTS = ("side", "tab", "header")
"""Where a panel may stand on the page of a record."""


class Plugin:
    """One plugin: its manifest, its translations and its contributions. Made once, in the package's __init__.py."""

    def __init__(self, package: str) -> None:
        module = sys.modules[package]
        if module.__file__ is None or "." in package:
            raise TypeError(f"Plugin(__name__) belongs in the __init__.py of a top-level package, not in {package}")
        self.package = package
        self.folder = Path(module.__file__).parent
        self.manifest = manifest.read(self.folder / manifest.FILE)
        self.name = self.manifest.name
        self.gettext = i18n.domain(self.name, self.folder / "translations")
        self.ngettext = partial(i18n.ngettext, domain=self.name)
        register_package(package, self.name)
        name_package(package, self.name)
        self.config = configuring.Config(self.name)
        self.problems: list[str] = []
        self.contributions: dict[str, list[Contribution]] = {kind: [] for kind in KINDS}

    def __repr__(self) -> str:
        return f"<Plugin {self.name}>"

    # --- data ---

    def resource(self, label: Text, labels: Text, **options: Any) -> Callable[[C], C]:
        """Declare a model as a resource: screens, REST, permissions, import, export and audit follow from it."""

        def decorate(model: C) -> C:
            try:
                made = declare(self.name, model, label=label, labels=labels, **options)
            except DeclarationError as error:
                self.problems.append(str(error))
            else:
                self._add("resource", made.key, made, label, options)
            return model

        return decorate

    def action(
        self,
        model: type,
        name: str,
        *,
        label: Text = "",
        icon: str = "",
        help: Text = "",
        when: Mapping[str, Any] | None = None,
        form: type | None = None,
        confirm: Text = "",
        bulk: bool = True,
        permission: str = "",
        long: bool = False,
        undo: str = "",
        tone: str = "",
    ) -> Callable[[F], F]:
        """Declare what can be done with a record: a button, a bulk action, a REST route and a permission follow.

        The function takes the locked record and, by name, the values of `form` (a class with `field()`s). What it sets
        on the record is validated, audited and told; it may raise Refuse. `when`: the values that fields must have.
        `long`: runs as a job. `undo`: the action that takes it back. With the name of a transition of the model's
        life-cycle the function becomes that transition's code: it runs before the state changes.
        """
        options = {
            "label": label, "icon": icon, "help": help, "when": when or {}, "form": form, "confirm": confirm,
            "bulk": bulk, "permission": permission, "long": long, "undo": undo, "tone": tone,
        }  # fmt: skip

        def decorate(function: F) -> F:
            try:
                made = declare_action(self.name, model, name, function, options)
            except DeclarationError as error:
                self.problems.append(str(error))
            else:
                self._add("action", made.key, function, made.label, {"permission": made.permission, "action": made})
                made.contribution = self.contributions["action"][-1]
            return function

        return decorate

    def settings(self, cls: C) -> C:
        """Declare what each business can set, as a class with `field()`s; read as `plugin.config.<name>`."""
        try:
            fields = describe_class(cls, f"{self.name}: {cls.__name__}", secrets=True)
        except DeclarationError as error:
            self.problems.append(str(error))
        else:
            configuring.declare(self.config, fields)
            options = {"fields": fields, "permission": settings_permission(self.name)}
            self._add("settings", f"{self.name}.settings", cls, SETTINGS, options)
        return cls

    def document(self, model: type, *, label: Text, template: str = "") -> Callable[[F], F]:
        """Add a PDF of a record. The function takes the record and returns a dict, which the template reads as `data`.

        The template is `templates/<name of the function>.typ` in the package; without one, the record is laid out by
        the platform's own, and the dict may give `title`, `subtitle`, `sections`, `tables`.
        """

        def decorate(function: F) -> F:
            made = getattr(model, "__resource__", None)
            key = f"{self.name}.{function.__name__}"
            path = self.folder / "templates" / (template or f"{function.__name__}.typ")
            if made is None or made.plugin != self.name:
                self.problems.append(f"document {key}: {model.__name__} is not a resource declared above it")
            elif not label:
                self.problems.append(f"document {key} has no label")
            elif template and not path.is_file():
                self.problems.append(f"document {key}: there is no templates/{template}")
            else:
                options = {"resource": made.key, "template": path if path.is_file() else None}
                self._add("document", key, function, label, options)
            return function

        return decorate

    def role(self, label: Text, *, grants: Sequence[str], key: str = "", help: Text = "") -> None:
        """Suggest a role to the tenants that enable the plugin: `plugin.role(_("Keeper"), grants=["loans.*"])`."""
        name = key or re.sub(r"[^a-z0-9]+", "_", _source(label).lower()).strip("_")
        if not name:
            self.problems.append(f"role {_source(label)!r} needs key=: its label has no Latin letter to make one from")
            return
        for grant in grants:
            if not GRANT.fullmatch(grant):
                self.problems.append(f'role {name}: {grant!r} is not a permission such as "{self.name}.*"')
        self._add("role", f"{self.name}.{name}", None, label, {"grants": tuple(grants), "help": help})

    def scope(self, model: type, *, label: Text) -> Callable[[F], F]:
        """Add a set of records that roles can be limited to, beside own, team and all: "the ones of my branch".

        The function takes the model and returns an SQL criterion; `me` stands for the person who acts.
        """

        def decorate(function: F) -> F:
            made = getattr(model, "__resource__", None)
            key = f"{self.name}.{function.__name__}"
            if made is None or made.plugin != self.name or made.part_of:
                self.problems.append(f"scope {key}: {model.__name__} is no resource declared above it")
            elif not label:
                self.problems.append(f"scope {key} has no label")
            else:
                self._add("scope", key, function, label, {"resource": made.key, "model": model})
            return function

        return decorate

    # --- screens ---

    def widget(self, *, label: Text, size: str = "small", permission: str = "") -> Callable[[F], F]:
        """Add a widget to the dashboard. The function returns data (Stat, Rows), never HTML."""
        if size not in SIZES:
            self.problems.append(f"widget {_source(label)!r}: size {size!r} is not one of {', '.join(SIZES)}")
        return self._decorator("widget", label, {"size": size, "permission": permission})

    def panel(self, resource: str, *, label: Text, slot: str = "side", permission: str = "") -> Callable[[F], F]:
        """Add a panel to the records of any plugin's resource; it is inert where that plugin is off."""
        if slot not in SLOTS:
            self.problems.append(
                f"panel {_source(label)!r} on {resource}: there is no slot {slot!r}; slots are {', '.join(SLOTS)}"
            )
        return self._decorator("panel", label, {"resource": resource, "slot": slot, "permission": permission})

    def page(
        self,
        rule: str,
        *,
        label: Text,
        permission: str = "",
        menu: bool = True,
        icon: str = "",
        methods: Sequence[str] = ("GET",),
    ) -> Callable[[F], F]:
        """Add a page of its own at `/t/<tenant>/<plugin><rule>`, inside the shell."""
        if not rule.startswith("/"):
            self.problems.append(f"page {_source(label)!r}: the rule {rule!r} must begin with /")
        options = {"rule": rule, "permission": permission, "menu": menu, "icon": icon, "methods": tuple(methods)}
        return self._decorator("page", label, options)

    # --- work ---

    @overload
    def job(self, function: F) -> F: ...
    @overload
    def job(
        self, *, label: Text = "", timeout: int = 600, attempts: int = 5, batches: bool = False
    ) -> Callable[[F], F]: ...
    def job(
        self,
        function: F | None = None,
        *,
        label: Text = "",
        timeout: int = 600,
        attempts: int = 5,
        batches: bool = False,
    ) -> Any:
        """Declare work for the background, `timeout` in seconds. It must be idempotent: it may run twice.

        With `batches` it opens its own units of work; otherwise all of it is one transaction.
        """
        options = {"timeout": timeout, "attempts": attempts, "batches": batches}
        decorate = self._decorator("job", label, options, labelled=False)
        return decorate if function is None else decorate(function)

    def enqueue(self, function: Callable[..., Any], /, **payload: Any) -> UUID:
        """Start a job of this plugin after the commit of the open transaction: `plugin.enqueue(remind, loan=loan.id)`.

        Returns its id. Raises TypeError when the function is no job of this plugin, or does not take the payload.
        """
        found = next((job for job in self.contributions["job"] if job.target is function), None)
        if found is None:
            name = getattr(function, "__name__", repr(function))
            raise TypeError(f"{name} is not a job of the plugin {self.name}: mark it with @plugin.job")
        try:
            inspect.signature(function).bind(**payload)
        except TypeError as error:
            raise TypeError(f"job {found.key}: {error}") from None
        return outbox.put("job", found.key, payload)

    def schedule(self, cron: str, *, label: Text = "", timeout: int = 600) -> Callable[[F], F]:
        """Run a function at these times (cron, in the tenant's time zone) for every tenant with the plugin on."""
        if not croniter.is_valid(cron):
            self.problems.append(f'schedule {cron!r} is not a cron expression such as "0 7 * * *"')
        return self._decorator("schedule", label, {"cron": cron, "timeout": timeout}, labelled=False)

    @property
    def demo(self) -> Callable[[F], F]:
        """Mark the function that fills a demo tenant."""
        return self._decorator("demo", "", {}, labelled=False)

    # --- events, services, hooks ---

    def on(self, event: object) -> Callable[[F], F]:
        """Call a function after the commit of an event, in the background, with retries; it must be idempotent."""
        return self._subscriber("on", event)

    def during(self, event: object) -> Callable[[F], F]:
        """Call a function within the transaction of an event; it may raise Refuse to stop it."""
        return self._subscriber("during", event)

    def provide(self, interface: type) -> Callable[[C], C]:
        """Offer a service: the class implements the interface and takes no arguments."""

        def decorate(provider: C) -> C:
            if not issubclass(provider, interface):
                self.problems.append(
                    f"{provider.__name__} is offered as {interface.__name__} but is not a subclass of it"
                )
            else:
                key = f"{self.name}.{interface.__name__}"
                self._add("provide", key, provider, "", {"interface": interface})
            return provider

        return decorate

    @property
    def hook(self) -> Callable[[F], F]:
        """Answer one of the platform's hooks: the function carries the hook's name."""

        def decorate(function: F) -> F:
            name = function.__name__
            if name not in hookspecs.SPECS:
                known = ", ".join(sorted(hookspecs.SPECS))
                self.problems.append(f"there is no hook `{name}` ({_place(function)}); hooks are {known}")
                return function
            arguments = tuple(inspect.signature(function).parameters)
            marked = hookspecs.implementation(function)
            self._add("hook", f"{self.name}.{name}", marked, "", {"arguments": arguments})
            return marked

        return decorate

    # --- the mechanism ---

    def _subscriber(self, kind: str, event: object) -> Callable[[F], F]:
        def decorate(function: F) -> F:
            try:
                name = event_name(event)
            except ValueError as error:
                self.problems.append(f"{kind} ({_place(function)}): {error}")
            else:
                self._add(kind, f"{self.name}.{function.__name__}@{name}", function, "", {"event": name})
            return function

        return decorate

    def _decorator(self, kind: str, label: Text, options: dict[str, Any], *, labelled: bool = True) -> Callable[[F], F]:
        def decorate(function: F) -> F:
            key = f"{self.name}.{function.__name__}"
            if labelled and not label:
                self.problems.append(f"{kind} {key} has no label")
            if options.get("permission") == "":
                options["permission"] = f"{key}.read"
            self._add(kind, key, function, label, options)
            return function

        return decorate

    def _add(self, kind: str, key: str, target: Any, label: object, options: dict[str, Any]) -> None:
        if any(other.key == key for other in self.contributions[kind]):
            self.problems.append(f"two {kind} contributions are called {key}" + _at(target))
            return
        self.contributions[kind].append(Contribution(kind, self.name, key, target, label, options))

    def all(self) -> Iterable[Contribution]:
        """Return all contributions, in the order of kinds and then of declaration."""
        for kind in KINDS:
            yield from self.contributions[kind]


def _source(label: object) -> str:
    return label.text if isinstance(label, LazyText) else str(label)


def _place(function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{function.__module__}, line {code.co_firstlineno}" if code else function.__module__


def _at(target: Any) -> str:
    return f" ({_place(target)})" if inspect.isfunction(target) else ""
