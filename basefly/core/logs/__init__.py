"""What containers say: of one pod or of all pods of a workload, as one stream that can be followed."""
