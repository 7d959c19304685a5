"""The WSGI entry for servers other than `diwan serve`: `application` is the whole product.

It must hold nothing else; settings come from the environment.
"""

from diwan.app import create_app

application = create_app()
