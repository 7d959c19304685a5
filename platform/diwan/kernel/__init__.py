"""The plugin kernel: finds, checks and loads plugins, and answers what is on for a tenant.

It must not know any plugin by name, nor how anything is shown.
"""
