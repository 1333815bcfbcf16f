"""What a user asks for, each joining the domain with storage."""
