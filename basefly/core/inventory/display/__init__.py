"""How the inventory is shown: lists as tables, an object as facts, its family as a tree, its whole as YAML."""
