"""Endpoints for products of the catalogue."""
