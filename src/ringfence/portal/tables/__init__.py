"""The one pattern of every table: search, filters, order, quick pages, bulk actions, CSV of what is shown."""

from ringfence.portal.tables.page import answer, shown
from ringfence.portal.tables.table import BulkAction, Column, Empty, Filter, Part, Remote, Table

__all__ = ["BulkAction", "Column", "Empty", "Filter", "Part", "Remote", "Table", "answer", "shown"]
