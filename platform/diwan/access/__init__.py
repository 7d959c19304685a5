"""Roles and grants: who may do what in one business.

Grants only add up; there is no negative grant. It must not know how a person signed in.
"""
