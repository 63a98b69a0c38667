"""The ground floor: rooms that know nothing of clusters, people or features."""
