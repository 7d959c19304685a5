"""Lists that people put in order: the one step up or down that works without a script, and from the keyboard.

It must not know what is sorted; keys that are not there change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def moved(order: Sequence[str], step: str, groups: Iterable[Sequence[str]] = ()) -> list[str]:
    """Return `order` after a step such as `up contacts.contact` or `down ...`.

    With `groups`, a key changes places with its neighbour among those of its own group.
    """
    result = list(order)
    direction, _space, key = step.partition(" ")
    if key not in result or direction not in ("up", "down"):
        return result
    group = next((set(g) for g in groups if key in g), set(result))
    places = [number for number, name in enumerate(result) if name in group]
    at = places.index(result.index(key))
    other = at + (1 if direction == "down" else -1)
    if 0 <= other < len(places):
        a, b = places[at], places[other]
        result[a], result[b] = result[b], result[a]
    return result
