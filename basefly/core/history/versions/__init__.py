"""A version of an object by itself: what is kept of it, and what differs from another. All of it pure."""
