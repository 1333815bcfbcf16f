"""From a shop's events and catalogue to a model."""
