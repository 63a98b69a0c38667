"""Invitations: a link by e-mail that lets someone in, once, with a role."""
