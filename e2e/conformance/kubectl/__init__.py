"""The same commands of kubectl against both clusters, and what they print, compared line by line."""
