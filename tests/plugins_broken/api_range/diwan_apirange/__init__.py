"""Made for a plugin API that this platform does not have. Its code must never run."""

raise AssertionError("a rejected plugin was imported")
