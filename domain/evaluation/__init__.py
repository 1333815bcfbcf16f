"""How well lists predict events that were held out."""
