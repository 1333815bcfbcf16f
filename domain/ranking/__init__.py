"""Rank products for a customer, with the reasons of each score."""
