"""What goes on in a container while somebody is in there, written down: masked, sealed, and played back."""
