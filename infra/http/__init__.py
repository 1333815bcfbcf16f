"""The HTTP layer: request validation, authentication, problem details, the OpenAPI document and the application factory."""
