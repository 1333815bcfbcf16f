-- Orders of 64 customers for wrk, and one line with the rate, mean and p99 in milliseconds, and the number of errors.
local n = 0
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
function request()
    n = n + 1
    local order = '{"customer_id": "c-%d", "items": [{"product_id": "p-%d"}]}'
    return wrk.format(nil, nil, nil, order:format((n % 64) * 7, n % 1000))
end
function done(summary, latency, _)
    local errors = summary.errors
    local n_errors = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(summary.requests / summary.duration * 1e6, latency.mean / 1e3, latency:percentile(99) / 1e3, n_errors)
end
