"""Customers: create, add-address, get-profile, update-behavior, export, erase."""
