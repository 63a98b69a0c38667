"""What grants come to: the clusters that they reach, what may be handed on, and why someone may or may not."""
