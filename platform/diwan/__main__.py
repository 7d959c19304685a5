"""`python -m diwan` is the command `diwan`, for places where scripts are not on the path.

It must hold nothing else.
"""

from diwan.cli import main

main()
