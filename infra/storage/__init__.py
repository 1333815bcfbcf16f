"""Where a shop is stored: the SQL that databases share, SQLite, PostgreSQL."""
