"""What keeps one failing neighbour from pulling others down: deadlines, retries, breakers, buckets, bulkheads."""
