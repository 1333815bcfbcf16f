"""The script that pages of a shop load."""
