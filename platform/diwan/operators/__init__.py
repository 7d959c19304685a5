"""The people who run the platform: what their console tells, what they may do, and support that a business lets in.

It must never return rows of a tenant: counts, names and states come out of look-up functions made for it.
"""
