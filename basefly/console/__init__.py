"""The console: pages that show several subjects at once, and the frame of every page."""
