"""The pytest plugin (entry point `pytest11`): fixtures for every test of the platform and of plugins.

It must stay cheap to import: pytest loads it in every run on a machine where Diwan is installed.
"""

pytest_plugins = ("diwan.testing.browser",)
