"""Those we measure ourselves against, each doing the same work with its own means."""
