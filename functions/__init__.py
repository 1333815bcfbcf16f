"""One endpoint, one file, one function; the path of the file is the path of the URL."""

import gc
import os

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # Collections find nothing while modules are imported, but cost a twelfth of a cold start; the handlers resume them.
    gc.disable()
