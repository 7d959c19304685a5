"""Requires hen, which requires egg. Its code must never run."""

raise AssertionError("a rejected plugin was imported")
