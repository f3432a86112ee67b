#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: mails.py HOW <MBOX

Print an mbox as mail programs and lists might have changed it: HOW is crlf, quoted,
base64, latin1, flowed, attached, forwarded, enclosed, signed, escaped, footers, twice,
backwards, thread, answered, unseparated, headers or broken.
"""

import base64
import quopri
import re
import sys

FROM = re.compile(rb"^From [0-9a-f]{40} .*\n", re.M)


def split(data):
    starts = [match.start() for match in FROM.finditer(data)]
    return [data[start:end] for start, end in zip(starts, starts[1:] + [len(data)])]


def parts(mail):
    """The From line and the headers but for those of MIME, and the body."""
    head, _, body = mail.partition(b"\n\n")
    head = re.sub(rb"\n(MIME-Version|Content-[-A-Za-z]*):.*", b"", head)
    return head + b"\nMIME-Version: 1.0\n", body


def encoded(mail, coding, body, charset=b"UTF-8"):
    head, _ = parts(mail)
    return (head + b"Content-Type: text/plain; charset=" + charset +
            b"\nContent-Transfer-Encoding: " + coding + b"\n\n" + body + b"\n")


def quoted(mail):
    return encoded(mail, b"quoted-printable", quopri.encodestring(parts(mail)[1]))


def base64_of(mail):
    # lines of such a text end as those of mail do
    return encoded(mail, b"base64", base64.encodebytes(
        parts(mail)[1].replace(b"\n", b"\r\n")))


def latin1(mail):
    return encoded(mail, b"8bit", parts(mail)[1].decode().encode("latin-1"), b"iso-8859-1")


def flowed(mail):
    """With long lines of the patch in two, by RFC 3676."""
    head, body = parts(mail)
    lines = []
    for line in body.split(b"\n"):
        line = b" " + line if line.startswith((b" ", b">", b"From ")) else line
        at = line.find(b" ", 6) + 1
        is_long = at and line[:1] in b" +-d" and line != b"-- "
        lines += [line[:at], line[at:]] if is_long else [line]
    return (head + b"Content-Type: text/plain; charset=UTF-8; format=flowed\n"
            b"Content-Transfer-Encoding: 8bit\n\n" + b"\n".join(lines) + b"\n")


def multipart(head, kind, *bodies):
    text = b"".join(b"--xyz\n" + body + b"\n" for body in bodies)
    return (head + b'Content-Type: multipart/' + kind + b'; boundary="xyz"\n\n' + text +
            b"--xyz--\n\n")


def attached(mail):
    """The message in the mail, the diff behind it, and the same for those who read HTML."""
    head, body = parts(mail)
    at = body.find(b"diff --git")
    text, diff = body[:at], body[at:]
    if at < 0:
        return mail
    return multipart(
        head, b"mixed",
        b"Content-Type: text/plain; charset=UTF-8\n\n" + text,
        b"Content-Type: text/html\n\n<pre>\n" + diff.replace(b"int", b"long") + b"</pre>",
        b"Content-Type: application/octet-stream; name=a.patch\nContent-Disposition: "
        b"attachment; filename=a.patch\nContent-Transfer-Encoding: base64\n\n" +
        base64.encodebytes(diff))


def signed(mail):
    head, body = parts(mail)
    return multipart(head, b"signed", b"Content-Type: text/plain; charset=UTF-8\n\n" + body,
                     b"Content-Type: application/pgp-signature\n\n-----BEGIN PGP-----")


def forwarded(mails):
    """All in one mail, as files of format-patch."""
    head = (b"From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001\n"
            b"From: B <b@example.org>\nSubject: the patches\nMIME-Version: 1.0\n")
    return multipart(head, b"mixed", b"Content-Type: text/plain\n\nSee the files.\n", *[
        b"Content-Type: text/x-patch; charset=UTF-8\nContent-Disposition: attachment; "
        b"filename=%d.patch\nContent-Transfer-Encoding: base64\n\n" % number +
        base64.encodebytes(mail) for number, mail in enumerate(mails)])


def enclosed(mails):
    """All in one mail, as mails."""
    head = (b"From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001\n"
            b"From: B <b@example.org>\nSubject: Fwd: the patches\nMIME-Version: 1.0\n")
    return multipart(head, b"mixed", b"Content-Type: text/plain\n\nSee the mails.\n", *[
        b"Content-Type: message/rfc822\n\n" + FROM.sub(b"", mail) for mail in mails])


def odd_headers(mail):
    """Those that are not encoded, are no address or date, or command a terminal."""
    head, body = parts(mail)
    head = re.sub(rb"\nFrom: .*", "\nFrom: =?utf-8?b?a?= J\u00f6".encode(), head)
    head = re.sub(rb"\nDate: .*", b"\nDate: yesterday", head)
    head = re.sub(rb"\nSubject: .*", lambda line: line[0] + " \u00e4\x1b[31m".encode(), head)
    return head + b"Content-Type: text/plain; charset=UTF-8\n\n" + body


def reply(mail):
    """To a patch, which it quotes, with another in it."""
    head, body = parts(mail)
    quote = b"\n".join(b"> " + line for line in body.split(b"\n"))
    return (head.replace(b"Subject: ", b"Subject: Re: ") +
            b"\n" + quote + b"\nRather:\n\n" + body.replace(b"int", b"char") + b"\n")


def bot(mail):
    """A report on a patch, which is no reply, with a proposal."""
    _, body = parts(mail)
    return (b"From 2222222222222222222222222222222222222222 Mon Sep 17 00:00:00 2001\n"
            b"From: Bot <bot@example.org>\nSubject: a warning in next\n\n" +
            body.replace(b"int", b"short") + b"\n")


EACH = {
    "quoted": quoted,
    "base64": base64_of,
    "latin1": latin1,
    "flowed": flowed,
    "headers": odd_headers,
    "attached": attached,
    "signed": signed,
    # as mboxrd does
    "escaped": lambda mail: mail.replace(b"\nFrom the", b"\n>From the"),
    "footers": lambda mail: mail.rstrip(b"\n") + b"\n_______\nlist@example.org\n\n",
    # a mail program took a line for another, and broke it
    "broken": lambda mail: mail.replace(b"\n+int added", b"\n+int\nadded"),
}
ALL = {
    "crlf": lambda mails: b"".join(mails).replace(b"\n", b"\r\n"),
    "forwarded": forwarded,
    "enclosed": enclosed,
    "twice": lambda mails: b"".join(mails + [EACH["footers"](mail) for mail in mails]),
    "backwards": lambda mails: b"".join(reversed(mails)),
    "thread": lambda mails: b"".join([bot(mails[1])] + [reply(mail) + mail for mail in mails]),
    "answered": lambda mails: b"".join(
        reply(mail).replace(b"Subject: Re: ", b"Subject: ").split(b"\nRather:")[0] + b"\n\n" + mail
        for mail in mails),
    "unseparated": lambda mails: b"".join(FROM.sub(b"", mail) for mail in mails),
}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in {**EACH, **ALL}:
        print(__doc__, end="")
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    mails, how = split(sys.stdin.buffer.read()), sys.argv[1]
    sys.stdout.buffer.write(b"".join(map(EACH[how], mails)) if how in EACH else ALL[how](mails))
    return 0


sys.exit(main())
