"""The clusters of an organization: registered, checked, connected to, and watched over."""
