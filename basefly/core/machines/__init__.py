"""Machines that act: the command line of a person, signed in from their browser, and an organization's own accounts."""
