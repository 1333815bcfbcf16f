"""The recommendation logic of a shop: pure functions and plain records, without I/O."""
