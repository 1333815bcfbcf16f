"""Scheduled training."""
