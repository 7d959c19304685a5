"""Import of other people's tables: reading any CSV or XLSX, guessing what its columns mean, checking, running, undoing.

It must not know a resource's business rules (the resource layer validates) nor anything of pages.
"""

from diwan.imports import run, undo  # declare their jobs

__all__ = ["run", "undo"]
