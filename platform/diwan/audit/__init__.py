"""The audit log of a business: who did what, when, to which record.

Entries are only ever added: the application's role may not change or delete them, and the database chains them.
"""

from diwan.audit.service import Entry, notice, record, record_everywhere, record_many
from diwan.audit.unseen import Change

__all__ = ["Change", "Entry", "notice", "record", "record_everywhere", "record_many"]
