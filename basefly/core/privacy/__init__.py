"""What someone may ask of the data about them: to have it, and to be forgotten."""
