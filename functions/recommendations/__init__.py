"""Endpoints for recommendation lists, and for events that update them."""
