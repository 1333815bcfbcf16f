"""What a shop knows of its customers and products, and how it recommends: pure functions and plain records, no I/O."""
