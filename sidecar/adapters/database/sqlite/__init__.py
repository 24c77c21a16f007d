"""The first driver: SQLite through aiosqlite."""
