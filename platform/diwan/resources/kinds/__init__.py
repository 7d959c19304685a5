"""The kinds of value that a field can hold: how each is read, stored, described and filtered.

A kind must not know models, screens or requests; it turns what people and programs send into typed values.
"""

from diwan.resources.kinds.chosen import CHOSEN
from diwan.resources.kinds.kind import Kind
from diwan.resources.kinds.numbers import DIGITS, NUMBERS
from diwan.resources.kinds.several import SEVERAL
from diwan.resources.kinds.texts import TEXTS
from diwan.resources.kinds.times import TIMES

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*TEXTS, *NUMBERS, *TIMES, *CHOSEN, *SEVERAL)}

__all__ = ["DIGITS", "KINDS", "Kind"]
