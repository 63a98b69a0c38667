"""Images: which image and which digest runs where."""
