"""`headlamp`: the pages of Headlamp's own build beside ours, over one simulated fleet and one slow network."""
