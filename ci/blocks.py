# SPDX-License-Identifier: GPL-2.0
"""A text of titles, paragraphs and lines, for a mail and as a page.

In a mail a line has 72 columns; what must not be broken, such as a path, may have more.
The page needs no other file: its style and figures are in it.
"""

import base64
import html
import textwrap

WIDTH = 72
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body></html>
"""


def wrap(text, first=""):
    return textwrap.fill(text, WIDTH, initial_indent=first,
                         subsequent_indent=" " * len(first),
                         break_long_words=False, break_on_hyphens=False)


class Text:
    """Its blocks are pairs of a text and an HTML."""

    def __init__(self):
        self.blocks = []
        self.items = False      # the last block is an item of a list

    def add(self, text, as_html, is_item=False):
        if self.items and not is_item:
            as_html = f"</ul>\n{as_html}"
        elif is_item and not self.items:
            as_html = f"<ul>\n{as_html}"
        self.items = is_item
        self.blocks.append((text, as_html))

    def title(self, text):
        self.add(f"\n{text}\n{'-' * len(text)}", f"<h2>{html.escape(text)}</h2>")

    def say(self, text):
        self.add(wrap(text), f"<p>{html.escape(text)}</p>")

    def item(self, text):
        self.add(wrap(text, "- "), f"<li>{html.escape(text)}</li>", is_item=True)

    def entry(self, head, rows):
        """A name, and rows of a word and what is said of it."""
        width = max((len(word) for word, _ in rows), default=0) + 2
        text = [head] + [wrap(said, "  " + f"{word}:".ljust(width) if word else "  ")
                         for word, said in rows]
        as_html = "".join(f"<br>{html.escape(word)}{': ' if word else ''}{html.escape(said)}"
                          for word, said in rows)
        self.add("\n" + "\n".join(text), f"<p><b>{html.escape(head)}</b>{as_html}</p>")

    def lines(self, lines):
        """As they are."""
        self.add("\n".join(lines),
                 "<pre>" + html.escape("\n".join(lines)) + "</pre>")

    def command(self, words):
        lines = [" " * 2]
        for word in words:
            if len(lines[-1]) + len(word) + 3 > WIDTH and lines[-1].strip():
                lines[-1] += " \\"
                lines.append(" " * 6)
            lines[-1] += word if not lines[-1].strip() else f" {word}"
        self.lines(lines)

    def figure(self, path, what):
        """On the page only."""
        with open(path, "rb") as file:
            data = base64.b64encode(file.read()).decode()
        self.add("", f'<figure><img alt="{html.escape(what)}" '
                     f'src="data:image/svg+xml;base64,{data}"></figure>')

    def extend(self, other):
        if self.items:
            self.add("", "")
        self.blocks += other.blocks
        self.items = other.items

    def as_mail(self):
        return "\n".join(text for text, as_html in self.blocks if text) + "\n"

    def as_page(self, title, style):
        if self.items:
            self.add("", "")
        body = "\n".join(as_html for _, as_html in self.blocks)
        return PAGE.format(title=html.escape(title), style=style, body=body)
