"""Recommendations: the list of a customer, and the events that make it new."""
