"""`@plugin.action`: checks a declaration against the model it is for, and puts the action on the resource.

Mistakes must fail here, at load, with plugin, model and action named.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from diwan.kernel.manifest import PERMISSION
from diwan.resources.acts import TONES, Action, check_name
from diwan.resources.declare import DeclarationError, Resource
from diwan.resources.describing import describe_class

ATTACHED = ("icon", "help", "confirm", "tone", "undo", "label", "permission")
"""What the code of a transition may say anew of it."""


def declare_action(
    plugin: str, model: type, name: str, function: Callable[..., Any], options: Mapping[str, Any]
) -> Action:  # fmt: skip
    """Return the action, which its resource has from now on. Raises DeclarationError."""
    where = f"{plugin}: {model.__name__}, action {name!r}"
    resource: Resource | None = getattr(model, "__resource__", None)
    if resource is None or resource.plugin != plugin or resource.part_of:
        raise DeclarationError(f"{where}: {model.__name__} is no resource of {plugin} that is declared above it.")
    form = describe_class(options["form"], f"{where}, form") if options["form"] else {}
    made = resource.actions.get(name)
    if made is not None and made.contribution is not None:
        raise DeclarationError(f"{where}: there are two of this name.")
    if made is None:
        made = Action(resource.key, name, options["label"], permission=f"{resource.key}.{name}")
        made.when = {key: _several(value) for key, value in options["when"].items()}
    elif options["when"]:
        raise DeclarationError(f"{where}: a transition says itself from which states it leads; leave out when=.")
    for option in ATTACHED:
        if options[option]:
            setattr(made, option, options[option])
    made.form, made.bulk, made.long = form, options["bulk"], options["long"]
    if problems := [*_mistakes(made, resource, plugin), *_signature(made, function)]:
        raise DeclarationError("; ".join(f"{where}: {problem}" for problem in problems) + ".")
    resource.actions[name] = made
    return made


def _mistakes(made: Action, resource: Resource, plugin: str) -> Iterable[str]:
    yield from check_name("the action", made.name)
    if not made.label:
        yield "needs a label"
    if not PERMISSION.fullmatch(made.permission) or not made.permission.startswith(f"{plugin}."):
        yield f'{made.permission!r} is not a permission such as "{resource.key}.{made.name}"'
    if made.tone not in TONES:
        yield f"tone {made.tone!r} is not one of {', '.join(TONES[1:])}"
    for field, values in made.when.items():
        described = resource.fields.get(field)
        if described is None:
            yield f"when names {field!r}, which is not a field"
            continue
        for value in values:
            if described.choices and value is not None and value not in described.choices:
                yield f"when: {value!r} is not a choice of {field}; known: {', '.join(described.choices)}"


def _signature(made: Action, function: Callable[..., Any]) -> Iterable[str]:
    try:
        inspect.signature(function).bind(None, **dict.fromkeys(made.form))
    except TypeError as error:
        given = ", ".join(["record", *made.form])
        yield f"its function must take ({given}): {error}"


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
