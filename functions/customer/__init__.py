"""Endpoints for customers and their personal data."""
