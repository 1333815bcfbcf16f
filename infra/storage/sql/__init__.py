"""Storage in tables: the SQL that SQLite and PostgreSQL share."""
