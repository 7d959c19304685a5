"""Documents on paper: data and a Typst template become a PDF with the business's letterhead.

It must not know records or requests; whoever prints prepares the data.
"""

from diwan.documents.rendering import BrokenTemplate, Letterhead, render_pdf

__all__ = ["BrokenTemplate", "Letterhead", "render_pdf"]
