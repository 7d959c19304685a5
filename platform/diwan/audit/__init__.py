"""The audit log of a business: who did what, when, to which record.

Entries are only ever added: the application's role may not change or delete them.
"""

from diwan.audit.service import Entry, record, record_many

__all__ = ["Entry", "record", "record_many"]
