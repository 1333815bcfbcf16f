"""One file per endpoint and AWS Lambda function; the path of a file is the path of its URL."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Garbage collection during imports finds nothing and costs 8 % of a cold start; the handlers enable it again.
    gc.disable()
