"""What objects were like: each change of what people write, who made it, and the object as of a moment."""
