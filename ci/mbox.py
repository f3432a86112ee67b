#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: mbox.py MBOX DIR

Read a patch series from an mbox, and write its patches to DIR as 0001.mail and so on, in
the order of their numbers: mails in UTF-8 with lines that end as those of Unix, which
git am and patch take.  Replies and the cover letter are left out, and of several versions
of a series all but the newest.  What is left out is told in DIR/notes, a line each, and
the commit that the series is for in DIR/base-commit, if the series names it.

Mails may be quoted-printable, base64 or format=flowed, of another encoding, with the
patch as an attachment or attached to another mail, and compressed by gzip as a whole.
MBOX may be a folder with a file for each mail, or a Maildir.

Exit status: 0, or 2 with a line that says why there is no series in it.
"""

import email
import email.errors
import email.header
import email.utils
import gzip
import os
import re
import stat
import sys
import zlib

import script

# As git tells it from a sentence that begins so: it ends with a time and a year.
FROM_LINE = re.compile(rb"^From \S.* \d?\d:\d\d:\d\d .*\d{4}[^\n]*\n", re.M)
HEADER = re.compile(rb"[!-9;-~]+:|>?From ")
REPLY = re.compile(r"\s*(re|aw|sv|vs|antw|fwd?|wg|tr)(\[\d+\]|\(\d+\))?\s*:", re.I)
BRACKETS = re.compile(r"\s*((?:\[[^]]*\]\s*)+)(.*)$", re.S)
NUMBER = re.compile(r"(?<![\d.])(\d{1,4})\s*/\s*(\d{1,4})(?![\d.])")
VERSION = re.compile(r"(?:patch|rfc|[^a-z0-9]|^)v\.?(\d{1,4})(?![\w.])", re.I)
DIFF = re.compile(rb"^(diff --git |--- \S.*\n\+\+\+ \S)", re.M)
# A patch that only renames has no line +++.
CR_LINES = re.compile(rb"^(\+\+\+|diff --git) [^\n]*\r$", re.M)
BASE = re.compile(rb"^base-commit: ([0-9a-f]{12,64})\r?$", re.M)
SUBJECT = re.compile(rb"^Subject: .*\b\d+/\d+\]", re.M)
SIGNATURE = re.compile(rb"^-- ?$", re.M)
MAIL = """\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: {author}
Date: {date}
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit

"""


class SeriesError(Exception):
    """What is wrong, as a sentence without its path."""


def words_of(header):
    """A header without the encoding of RFC 2047.  What is not ASCII may stand there as it is."""
    raw = header.encode("utf-8", "surrogateescape")
    try:
        header = raw.decode("utf-8")
    except UnicodeDecodeError:
        header = raw.decode("latin-1")
    try:
        words = email.header.decode_header(header)
    except email.errors.HeaderParseError:
        words = [(header, None)]
    for data, charset in words:
        if isinstance(data, bytes):
            try:
                data = data.decode(charset or "raw-unicode-escape", "replace")
            except (LookupError, ValueError):
                data = data.decode("utf-8", "replace")
        yield data


def decoded(header):
    """A header as text in one line, whatever it is encoded in, that a terminal can print."""
    text = " ".join("".join(words_of(header or "")).split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def header_of(message, name):
    """The first of that name.  The message itself would lose what is not ASCII."""
    return decoded(next((str(value) for key, value in message.raw_items()
                         if key.lower() == name), ""))


def author_of(message):
    """As git takes it."""
    author = header_of(message, "from")
    if "@" not in author:
        author = f"{re.sub('[<>]', '', author).strip() or 'unknown'} <unknown@localhost>"
    return author


def date_of(message):
    """As git takes it: it has none before 1970."""
    try:
        date = email.utils.parsedate_to_datetime(header_of(message, "date"))
        if date.timestamp() > 0:
            return email.utils.format_datetime(date)
    except (TypeError, ValueError, OverflowError):
        pass
    return "Thu, 1 Jan 1970 00:00:00 +0000"


def without_flow(text, delsp):
    """The lines of format=flowed (RFC 3676): a line that ends in a blank goes on in the next."""
    lines, begun = [], b""
    for line in text.replace(b"\r\n", b"\n").split(b"\n"):
        if line == b"-- ":
            lines += [begun, line] if begun else [line]
            begun = b""
            continue
        line = line.removeprefix(b" ")
        if line.endswith(b" "):
            begun += line[:-1] if delsp else line
        else:
            lines.append(begun + line)
            begun = b""
    return b"\n".join([*lines, begun] if begun else lines)


def text_of(part):
    """The bytes of a part in UTF-8."""
    data = part.get_payload(decode=True) or b""
    if str(part.get_param("format", "")).lower() == "flowed":
        data = without_flow(data, str(part.get_param("delsp", "")).lower() == "yes")
    charset = (part.get_content_charset() or "utf-8").lower()
    if charset in ("utf-8", "us-ascii"):
        return data
    try:
        return data.decode(charset).encode("utf-8")
    except (LookupError, ValueError):
        return data


def unix_lines(text):
    """Without the CR of a mail program.  That of a file of DOS is in the patch's lines only."""
    return text.replace(b"\r\n", b"\n") if CR_LINES.search(text) else text


class Mail:
    """number and total are None for a mail without n/m in its subject."""

    def __init__(self, message, text):
        self.subject = header_of(message, "subject")
        self.author, self.date = author_of(message), date_of(message)
        self.text = unix_lines(text)
        self.is_reply = bool(REPLY.match(self.subject))
        self.has_diff = bool(DIFF.search(self.text))
        brackets = BRACKETS.match(self.subject)
        self.prefix = brackets[1] if brackets else ""
        number, version = NUMBER.search(self.prefix), VERSION.search(self.prefix)
        self.number, self.total = (int(number[1]), int(number[2])) if number else (None, None)
        self.is_rfc = "rfc" in self.prefix.lower()
        self.is_patch = bool(number) or self.is_rfc or "patch" in self.prefix.lower()
        self.version = (not self.is_rfc, int(version[1]) if version else 1)

    @property
    def series(self):
        """What it calls its series: "RFC v7"."""
        final, version = self.version
        return f"{'PATCH' if final else 'RFC'} v{version}"

    @property
    def diff(self):
        """To compare with another: lists add their own lines behind the signature."""
        start = DIFF.search(self.text).start()
        return SIGNATURE.split(self.text[start:])[0].strip()

    def write(self, path):
        head = MAIL.format(author=self.author, date=self.date, subject=self.subject)
        # git am would take such a line for the beginning of another mail.
        body = FROM_LINE.sub(lambda match: b">" + match[0], self.text)
        with open(path, "wb") as file:
            file.write(head.encode("utf-8", "replace") + body)


def parts_of(message):
    """Those of a mail, and as a whole the mails that it has as parts."""
    is_mail = message.get_content_type() in ("message/rfc822", "message/global")
    if not message.is_multipart() or is_mail:
        yield message
        return
    for part in message.get_payload():
        yield from parts_of(part)


def mails_of(message):
    """A mail, and those that are attached to it: as mails, or as format-patch wrote them."""
    texts, attached = [], []
    parts = list(parts_of(message))
    for part in parts:
        if part.is_multipart():
            for mail in part.get_payload():
                attached += mails_of(mail)
            continue
        name = decoded(part.get_filename())
        is_patch = name.endswith((".patch", ".diff", ".mbox"))
        if part.get_content_maintype() != "text" and not is_patch:
            continue
        if part.get_content_subtype() == "html":
            continue
        text = text_of(part)
        if len(parts) > 1 and FROM_LINE.match(text):
            attached += read_mails(text)
        else:
            texts.append(text)
    return [Mail(message, b"\n".join(texts))] + attached


def read_mails(data):
    """All mails of an mbox, or of a file with one mail."""
    starts = [match.start() for match in FROM_LINE.finditer(data)] or [0]
    ends = starts[1:] + [len(data)]
    mails = []
    for start, end in zip(starts, ends):
        one = FROM_LINE.sub(b"", data[start:end], count=1)
        mails += mails_of(email.message_from_bytes(one))
    return mails


def read_file(path):
    try:
        # A device may have no end, and a pipe nobody who writes; that of <(...) has.
        if not stat.S_ISREG(os.stat(path).st_mode) and \
                not path.startswith(("/dev/fd/", "/proc/")):
            raise SeriesError("is not a file, but a pipe or a device")
        with open(path, "rb") as file:
            data = file.read()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or "gzip finds it cut short or broken"
        raise SeriesError(f"cannot be read: {why}") from error
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if not data.strip():
        raise SeriesError("is empty")
    if data[:200].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise SeriesError("is a web page, not an mbox: lore.kernel.org has that at "
                          ".../t.mbox.gz, and `b4 am` fetches it")
    if data.startswith((b"diff ", b"--- ", b"Index: ")):
        raise SeriesError("is a patch without a mail around it: "
                          "`git format-patch --stdout` writes an mbox")
    if len(SUBJECT.findall(data)) > 1 and not FROM_LINE.search(data):
        raise SeriesError("has several mails and no From line before each, so they cannot be "
                          "told apart: name the folder with a file for each")
    if not HEADER.match(data):
        raise SeriesError("is not an mbox: it begins with neither a From line nor a header")
    return data


def read_folder(path):
    """All mails of its files, in the order of their names."""
    mails = []
    for folder in (path, os.path.join(path, "cur"), os.path.join(path, "new")):
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        for name in names:
            file = os.path.join(folder, name)
            if name.startswith(".") or os.path.isdir(file):
                continue
            try:
                mails += read_mails(read_file(file))
            except SeriesError as error:
                raise SeriesError(f"has {os.path.relpath(file, path)}, which {error}") from error
    return mails


def listed(numbers):
    return ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")


def counted(number, one, many):
    return f"{number} {one if number == 1 else many}"


def without_copies(mails):
    """Of mails with the same patch, which came by several lists, the first."""
    kept = []
    for mail in mails:
        same = [other for other in kept if other.number == mail.number]
        if mail.number is None or not same:
            kept.append(mail)
        elif mail.total != same[0].total:
            raise SeriesError(f"has two series of {mail.series}: "
                              f'"{same[0].subject}" and "{mail.subject}"')
        elif mail.diff != same[0].diff:
            raise SeriesError(f"has two patches {mail.number}/{mail.total} of "
                              f"{mail.series} that differ; leave one out")
    return kept


def in_order(mails):
    """Patches of one version by their number; those without one as they stand."""
    numbered = [mail for mail in mails if mail.number is not None]
    if not numbered:
        return mails
    rest = [mail for mail in mails if mail.number is None]
    if rest:
        raise SeriesError(f'has "{rest[0].subject}" besides a series with numbers: '
                          "leave it out, or give it a number")
    totals = sorted({mail.total for mail in numbered})
    if len(totals) > 1:
        raise SeriesError(f"has patches of two series of {numbered[0].series}: one of "
                          f"{totals[0]} and one of {totals[1]}")
    there = {mail.number: mail for mail in numbered}
    missing = [number for number in range(1, totals[0] + 1) if number not in there]
    if missing:
        raise SeriesError(f"lacks {listed(missing)} of the {totals[0]} patches of "
                          f"{numbered[0].series}")
    beyond = [number for number in there if number > totals[0]]
    if beyond:
        raise SeriesError(f"has a patch {beyond[0]}/{totals[0]}")
    return [there[number] for number in sorted(there)]


class Series:
    """patches: mails in their order; base: a commit, or None; notes: what was left out."""

    def __init__(self, mails):
        self.notes, self.base = [], None
        own = [mail for mail in mails if not mail.is_reply]
        self.note(len(mails) - len(own), "reply", "replies")
        # A bot's report may have a diff, too.
        if any(mail.is_patch for mail in own):
            own = [mail for mail in own if mail.is_patch]
        patches = [mail for mail in own if mail.has_diff and mail.number != 0]
        if not patches:
            raise SeriesError(f"has no patch: {counted(len(mails), 'mail', 'mails')}, none of "
                              "which has a diff and is not a reply")
        newest = max(mail.version for mail in patches)
        for version in sorted({mail.version for mail in patches} - {newest}):
            older = [mail for mail in patches if mail.version == version]
            self.note(len(older), f"patch of {older[0].series}",
                      f"patches of {older[0].series}")
        own = [mail for mail in own if mail.version == newest]
        # An answer to a patch may well have its subject.
        numbers = {mail.number for mail in patches if mail.version == newest}
        for mail in own:
            if mail.number and not mail.has_diff and mail.number not in numbers:
                raise SeriesError(f'has no diff in "{mail.subject}"')
            base = BASE.search(mail.text)
            self.base = self.base or (base[1].decode() if base else None)
        self.patches = in_order(without_copies(
            [mail for mail in patches if mail.version == newest]))

    def note(self, number, one, many):
        if number:
            self.notes.append(f"left out: {counted(number, one, many)}")

    def write(self, path):
        for number, mail in enumerate(self.patches, 1):
            mail.write(os.path.join(path, f"{number:04}.mail"))
        for name, lines in (("notes", self.notes), ("base-commit", [self.base or ""])):
            with open(os.path.join(path, name), "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines if line)


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        print("mbox.py: want MBOX and DIR; see --help", file=sys.stderr)
        return 2
    try:
        path = sys.argv[1]
        mails = read_folder(path) if os.path.isdir(path) else read_mails(read_file(path))
        Series(mails).write(sys.argv[2])
    except SeriesError as error:
        print(f"mbox.py: {sys.argv[1]} {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"mbox.py: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    script.run(main)
