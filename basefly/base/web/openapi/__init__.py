"""The API's own description, and a page to read and try it."""
