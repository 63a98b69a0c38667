"""The core: rooms every feature stands on, stacked; each knows only those below it."""
