"""Use cases: each combines the domain with storage for commands and endpoints."""
