"""People: accounts (one e-mail, many businesses), passwords, sign-up and reset challenges, sessions, API tokens.

It must not know tenants' members or roles; `tenants` joins people and businesses.
"""
