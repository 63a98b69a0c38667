"""Following the clusters: every object of every cluster as a row, kept true by lists and watches."""
