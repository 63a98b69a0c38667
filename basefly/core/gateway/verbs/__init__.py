"""What people do to objects besides looking: each verb as what it asks of a cluster, on one object or on many."""
