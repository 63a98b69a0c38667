"""One WebSocket that carries many streams of bytes: between an agent and the hub, and between hub processes."""
