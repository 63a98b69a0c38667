"""The commands: names, options and help. What they do is imported only when they run, so that help is there at once."""
