"""What people put around any record: comments, followers, files, tasks, tags, stars.

It must work for every declared resource and know none; the faces check the rights on the record.
"""

from diwan.collaboration import tag_column
from diwan.collaboration.attachments import Attached, attach, attachments, detach, find_attachment
from diwan.collaboration.comments import add_comment, comments, delete_comment, edit_comment, may_change, suggest
from diwan.collaboration.following import follow, followers, names_of, tell_followers, unfollow
from diwan.collaboration.gone import forget_records
from diwan.collaboration.people import people
from diwan.collaboration.related import related
from diwan.collaboration.stars import favourites, is_starred, recent, star, unstar, visit
from diwan.collaboration.tags import add_tag, add_tag_to, remove_tag, set_tone, suggest_tags, tags_for, tones_of
from diwan.collaboration.tasks import (
    complete_task,
    create_task,
    delete_task,
    edit_task,
    find_task,
    my_tasks,
    remind,
    snooze_task,
    tasks_of,
)
from diwan.events import publish


def connect() -> None:
    """Take part in what happens to records, in its transaction."""
    publish.attend("updated", tell_followers)
    publish.attend("deleted", forget_records)
    tag_column.connect()


__all__ = [
    "Attached", "add_comment", "add_tag", "add_tag_to", "attach", "attachments", "comments", "complete_task",
    "connect", "create_task", "delete_comment", "delete_task", "detach", "edit_comment", "edit_task", "favourites",
    "find_attachment", "find_task", "follow", "followers", "is_starred", "may_change", "my_tasks", "names_of", "people",
    "recent", "related", "remind", "remove_tag", "set_tone", "snooze_task", "star", "suggest", "suggest_tags",
    "tags_for", "tasks_of", "tones_of", "unfollow", "unstar", "visit",
]  # fmt: skip
