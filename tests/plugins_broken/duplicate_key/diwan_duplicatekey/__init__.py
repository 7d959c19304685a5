"""Two widgets with one name."""

from diwan.plugin import Plugin, Stat

plugin = Plugin(__name__)


@plugin.widget(label="First")
def total():
    return Stat(1)


@plugin.widget(label="Second")
def total():  # noqa: F811
    return Stat(2)
