"""Businesses and their people: sign-up in one transaction, members, invitations, settings of the business.

It must not know plugins beyond the key of the set that is on.
"""
