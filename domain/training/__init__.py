"""Learn a model from the events and the catalogue of a shop."""
