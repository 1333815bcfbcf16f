"""The AWS Lambda layer: events, the event loop of an execution environment, SQS batches, log lines and metrics."""
