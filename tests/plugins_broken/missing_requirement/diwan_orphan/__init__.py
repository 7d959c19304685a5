"""Requires a plugin that is not installed. Its code must never run."""

raise AssertionError("a rejected plugin was imported")
