"""Public: what tests of the platform and of any plugin stand on.

It must never be imported by code that runs in production.
"""
