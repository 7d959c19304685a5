"""One act on many records: archive, restore, delete, or write one field; at once, or as a job when they are very many.

It must know nothing of screens: selections come as ids, or as the state of a list.
"""

from diwan.bulk import acting, handing_over, run  # declare the jobs
from diwan.bulk.service import MOST_AT_ONCE, VERBS, Done, Selection, apply, begin, count, pick

__all__ = [
    "MOST_AT_ONCE",
    "VERBS",
    "Done",
    "Selection",
    "acting",
    "apply",
    "begin",
    "count",
    "handing_over",
    "pick",
    "run",
]
