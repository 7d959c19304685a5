"""Imports a module that does not exist."""

from diwan.plugin import Plugin

plugin = Plugin(__name__)
