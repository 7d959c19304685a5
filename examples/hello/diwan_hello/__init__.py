"""Hello: the smallest complete plugin. A table with row-level security, list, form, REST, import, audit and a widget.

It must stay this small: it is what an author reads first.
"""

from diwan.plugin import Mapped, Model, Plugin, Stat, field

plugin = Plugin(__name__)
_ = plugin.gettext


@plugin.resource(label=_("Greeting"), labels=_("Greetings"), title="text")
class Greeting(Model):
    text: Mapped[str] = field(_("Text"), search=True)
    language: Mapped[str | None] = field(_("Language"), choices={"en": _("English"), "ar": _("Arabic")})


@plugin.widget(label=_("Greetings so far"))
def how_many():
    return Stat(Greeting.count())


plugin.role(_("Greeter"), grants=["hello.*"])


@plugin.demo
def demo():
    for language, text in (("en", "Hello, Diwan"), ("ar", "أهلاً بالديوان")):
        Greeting.add(text=text, language=language)
