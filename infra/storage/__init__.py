"""Storage of a shop: the SQL that both databases share, SQLite, and PostgreSQL."""
