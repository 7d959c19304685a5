"""Answers a hook that nobody asks, and another with an argument that it does not have."""

from diwan.plugin import Plugin

plugin = Plugin(__name__)


@plugin.hook
def record_filter(resource, user):
    return None


@plugin.hook
def health(colour):
    return []
