"""Who one is to the hub: set-up, sign-in, tokens, versions."""
