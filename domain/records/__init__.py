"""Values and messages: what a shop records, and what it answers."""
