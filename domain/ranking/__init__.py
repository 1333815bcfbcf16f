"""From what is known of a customer to a ranked list with its reasons."""
