"""Requires egg, which requires hen. Its code must never run."""

raise AssertionError("a rejected plugin was imported")
