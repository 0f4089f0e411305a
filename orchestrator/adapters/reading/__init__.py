"""What people are shown of cases, accounts and holdings; nothing here writes."""
