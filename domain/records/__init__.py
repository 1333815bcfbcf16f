"""The values, messages and records of a shop."""
