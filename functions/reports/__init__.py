"""Endpoints below `/reports`."""
