"""Choose hyperparameters on held-out events of the shop."""
