"""The shop in tables: what every database shares, written once."""
