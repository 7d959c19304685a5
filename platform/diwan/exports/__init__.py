"""Records as files: CSV, XLSX and JSON Lines, read by key-set pages, so that the length of a list does not matter.

It must give out only what its caller has allowed; it checks fields, not permissions.
"""

from diwan.exports.reading import rows
from diwan.exports.writing import csv_lines, jsonl_lines, xlsx_file

__all__ = ["csv_lines", "jsonl_lines", "rows", "xlsx_file"]
