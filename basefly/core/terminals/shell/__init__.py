"""A shell in a container for a page: which one there is, what goes in and comes out, and its end."""
