"""How an administrator lets somebody in again who lost every second factor."""
