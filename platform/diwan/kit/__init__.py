"""Small tools without Flask and without tables: ids, text, numbers, dates, languages.

Nothing here may import another part of Diwan.
"""
