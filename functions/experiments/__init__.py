"""Endpoints for experiments."""
