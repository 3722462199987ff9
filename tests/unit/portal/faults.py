"""What a database raises, as the portal meets it."""

import sqlite3

from django.db import OperationalError


def wrapped(cause: Exception) -> OperationalError:
    """As Django hands it on."""
    error = OperationalError("said by Django")
    error.__cause__ = cause
    return error


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorcode = code
    return error
