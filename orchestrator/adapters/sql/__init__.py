"""The database itself: its sessions, tables and migrations, how columns are spelled."""
