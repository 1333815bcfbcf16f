"""Between HTTP and the handlers: guard, strict bodies, problem details, the application factory."""
