"""Benchmarks: what Diwan does per second on this machine, with 1 and 4 clients against a server with 2 workers.

They print; they never assert. Tests hold numbers of statements instead.
"""
