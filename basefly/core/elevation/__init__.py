"""Timed elevation: asked for with a reason, approved by a second person, over by itself."""
