"""Measure how well lists predict held-out events."""
