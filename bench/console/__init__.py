"""`console`: the pages of a hub whose database holds a fleet of a given size, as a browser and a stopwatch see them."""
