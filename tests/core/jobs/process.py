"""Runs `diwan worker` or `diwan scheduler` as they are, with the jobs of samples.py: `process.py worker --lease 1`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import samples  # noqa: F401

from diwan.cli import main

main(sys.argv[1:])
