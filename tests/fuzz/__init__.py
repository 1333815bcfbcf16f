"""A byte fuzzer: `python -m tests.fuzz` sends seeded requests to the application and checks every response."""
