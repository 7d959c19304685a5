"""What people are told inside Diwan: one row for each person, read or not.

It must not send mail nor know where a notification leads.
"""

from diwan.notifications.models import Notification
from diwan.notifications.service import find, latest, mark_read, notify, told_lately, unread_count

__all__ = ["Notification", "find", "latest", "mark_read", "notify", "told_lately", "unread_count"]
