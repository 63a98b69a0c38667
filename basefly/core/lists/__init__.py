"""Lists of any kind over every cluster: their pages, their columns, what narrows them, and the same as a file."""
