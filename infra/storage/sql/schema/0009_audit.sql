-- Who did what. Rows are only added, and deleted after AUDIT_RETENTION_DAYS; they have no personal data.
CREATE TABLE audit_log (
    entry_id TEXT NOT NULL PRIMARY KEY, -- `at` as 16 hexadecimal digits, then random ones
    at INTEGER NOT NULL,
    actor TEXT NOT NULL, -- the name of a key, or what else acted
    action TEXT NOT NULL,
    subject TEXT, -- the keyed hash of a customer's id, or the name of a key
    outcome TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_log_by_subject ON audit_log (subject, entry_id);

-- The keys of API_KEYS as a process saw them last, and their last use.
CREATE TABLE api_keys (
    key_id TEXT NOT NULL PRIMARY KEY, -- the beginning of the hash
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    expires_on TEXT, -- YYYY-MM-DD
    last_used_at INTEGER -- to the minute
) STRICT;
