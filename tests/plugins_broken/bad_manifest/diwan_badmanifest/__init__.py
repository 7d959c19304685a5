"""The manifest has several faults. Its code must never run."""

raise AssertionError("a rejected plugin was imported")
