"""Requires hen, and waits in vain. Its code must never run."""

raise AssertionError("a rejected plugin was imported")
