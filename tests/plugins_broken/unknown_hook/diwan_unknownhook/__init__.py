"""Answers a hook that does not exist, and another with an argument that it does not have."""

from diwan.plugin import Plugin

plugin = Plugin(__name__)


@plugin.hook
def recrod_filter(resource, user):
    return None


@plugin.hook
def search(text, colour):
    return []
