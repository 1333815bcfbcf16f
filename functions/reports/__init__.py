"""Endpoints that report on the whole shop."""
