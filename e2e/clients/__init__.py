"""Other people's programs through the hub: kubectl of three minor versions, helm, the official Python client."""
