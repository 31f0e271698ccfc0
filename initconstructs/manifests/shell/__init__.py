"""A small reader of sh. It understands what a container's script says; it never runs anything."""
