"""One file per endpoint and AWS Lambda function; the path of a file is the path of its URL."""

import gc
import os

# Set before numpy is loaded: the matrices of a training are small, and threads of BLAS would mostly wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Garbage collection during imports finds nothing and costs 8 % of a cold start; the handlers enable it again.
    gc.disable()
