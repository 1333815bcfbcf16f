"""Events and contexts of AWS Lambda."""


def http_v2(method="GET", path="/count", **members):
    request = {"http": {"method": method, "path": path, "sourceIp": "192.0.2.1"}, "stage": "$default"}
    return {"version": "2.0", "rawPath": path, "rawQueryString": "", "headers": {}, "requestContext": request} | members


class Context:
    aws_request_id = "request-1"

    def __init__(self, seconds=10):
        self._seconds = seconds

    def get_remaining_time_in_millis(self):
        return self._seconds * 1000
