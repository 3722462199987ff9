"""What people do with calls and beside them: hold, transfer, park, pick up, record, watch, write."""
