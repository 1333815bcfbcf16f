-- Sessions of the dashboard. A copy of the shop does not have them.
CREATE TABLE dashboard_sessions (
    session_hash TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the secret that the browser keeps
    key_id TEXT NOT NULL, -- the beginning of the hash of the key, or `local`
    ends_at INTEGER NOT NULL,
    notice TEXT -- a message that the next page shows
) STRICT;

CREATE INDEX dashboard_sessions_by_end ON dashboard_sessions (ends_at);
