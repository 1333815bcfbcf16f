"""Endpoints for the rules of the shop."""
