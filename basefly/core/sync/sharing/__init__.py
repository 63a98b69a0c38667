"""How the clusters are shared out among the processes that follow them, and which of them nobody follows."""
