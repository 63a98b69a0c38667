"""HTTP/2, so far as an API server speaks it: each stream is a request of aiohttp's, and its answer."""
