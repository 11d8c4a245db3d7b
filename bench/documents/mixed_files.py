"""Makes 1,000 files of every kind that `agentrag index` reads: bench/README.md, "Mixed files".

usage: mixed_files.py DATA OUT    DATA holds the data sets' folders; OUT must not exist
The same data make the same files. PDFs are made with `groff -Tpdf` where it works, else by a writer of this script's own.
"""

import csv
import html
import io
import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

DATA, OUT = Path(sys.argv[1]), Path(sys.argv[2])
REPOSITORY = Path(__file__).resolve().parents[2]
EPOCH = (2024, 1, 1, 0, 0, 0)
made = {}


def passages():
    for name in sorted(os.listdir(DATA)):
        for file in ("corpus.jsonl", "corpus_extra.jsonl"):
            path = DATA / name / file
            if path.exists():
                with open(path, encoding="utf-8") as lines:
                    for line in lines:
                        passage = json.loads(line)
                        title = passage.get("title") or " ".join(passage["text"].split()[:4])
                        yield {"id": f"{name}-{passage['id']}", "title": title, "text": passage["text"]}


source = passages()
pages = sorted((DATA / "cncf" / "docs").glob("*.md"))


def take(count):
    return [next(source) for _ in range(count)]


def put(path, content, documents=1):
    """Writes one file; `documents` is how many the index should hold of it."""
    path = OUT / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    kind = "broken" if path.parent.name == "broken" else path.suffix[1:]
    files, expected = made.get(kind, (0, 0))
    made[kind] = (files + 1, expected + documents)


def zipped(entries):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in entries:
            method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text, method)
    return packed.getvalue()


def as_html(markdown):
    """Enough of Markdown for the documentation pages: headings, lists, links, code, paragraphs."""
    lines, fenced = [], False
    for block in re.split(r"\n\s*\n", re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.S)):
        text = html.escape(block.strip(), quote=False)
        text = re.sub(r"\[([^\]]+)\]\(([^)\s]+)[^)]*\)", r'<a href="\2">\1</a>', re.sub(r"`([^`]+)`", r"<code>\1</code>", text))
        heading = re.match(r"(#+) +(.*)", text)
        if heading:
            lines.append(f"<h{len(heading[1])}>{heading[2]}</h{len(heading[1])}>")
            text = text[heading.end():].strip()
        if text.startswith(("* ", "- ")):
            lines.append("<ul>" + "".join(f"<li>{item}</li>" for item in re.split(r"(?:^|\n)[*-] +", text)[1:]) + "</ul>")
        elif text:
            lines.append(f"<p>{text}</p>")
    return "\n".join(lines)


def page(title, body):
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>p {{ margin: 1em }}</style>'
        '<script>var tracked = true;</script></head><body><nav><a href="/">Home</a> <a href="/all">All pages</a></nav>'
        f"<main>{body}</main><footer>Contact, imprint</footer></body></html>"
    )


def sections(some):
    return "".join(f"<h2>{html.escape(one['title'])}</h2><p>{html.escape(one['text'])}</p>" for one in some)


def table(some):
    rows = "".join(f"<tr><td>{html.escape(one['title'])}</td><td>{len(one['text'])}</td></tr>" for one in some)
    return f"<table><tr><th>Title</th><th>Characters</th></tr>{rows}</table>"


def docx(title, some):
    def paragraph(text, style=""):
        properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{html.escape(text, quote=False)}</w:t></w:r></w:p>'

    cells = "".join(f"<w:tr><w:tc>{paragraph(one['title'])}</w:tc><w:tc>{paragraph(one['id'])}</w:tc></w:tr>" for one in some)
    body = paragraph(title, "Title") + "".join(paragraph(one["title"], "Heading1") + paragraph(one["text"]) for one in some) + f"<w:tbl>{cells}</w:tbl>"
    office = "http://schemas.openxmlformats.org"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{name}"/></w:style>' for style, name in (("Title", "Title"), ("Heading1", "heading 1")))
    return [
        ("[Content_Types].xml", f'<?xml version="1.0"?><Types xmlns="{office}/package/2006/content-types"><Default Extension="rels" '
         'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
         f'<Override PartName="/word/document.xml" ContentType="{kind}.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="{kind}.styles+xml"/></Types>'),
        ("_rels/.rels", f'<?xml version="1.0"?><Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" '
         f'Type="{office}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'),
        ("word/_rels/document.xml.rels", f'<?xml version="1.0"?><Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" '
         f'Type="{office}/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>'),
        ("word/styles.xml", f'<?xml version="1.0"?><w:styles xmlns:w="{office}/wordprocessingml/2006/main">{styles}</w:styles>'),
        ("word/document.xml", f'<?xml version="1.0"?><w:document xmlns:w="{office}/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'),
    ]


def epub(title, chapters):
    names = [f"chapter{i}.xhtml" for i in range(len(chapters))]
    manifest = "".join(f'<item id="c{i}" href="{name}" media-type="application/xhtml+xml"/>' for i, name in enumerate(names))
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(names)))
    texts = [(f"OEBPS/{name}", f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>{i}</title></head><body>{sections(some)}</body></html>')
             for i, (name, some) in enumerate(zip(names, chapters))]
    return [
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
         '<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'),
        ("OEBPS/content.opf", '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
         f"<dc:title>{html.escape(title)}</dc:title><dc:language>en</dc:language></metadata><manifest>{manifest}</manifest><spine>{spine}</spine></package>"),
        *texts,
    ]


def groff(title, some):
    """PDF by groff's typesetter, or None where there is none."""
    def safe(text):
        text = text.replace("\\", "\\e")
        return "\n".join("\\&" + line if line[:1] in ".'" else line for line in re.sub(r"([.!?]) ", r"\1\n", text).split("\n"))

    source = f".TL\n{safe(title)}\n" + "".join(f".SH\n{safe(one['title'])}\n.PP\n{safe(one['text'])}\n" for one in some)
    try:
        made = subprocess.run(["groff", "-k", "-Tpdf", "-ms"], input=source.encode(), capture_output=True, env=dict(os.environ, SOURCE_DATE_EPOCH="0"))
    except FileNotFoundError:
        return None
    return made.stdout if made.returncode == 0 and made.stdout.startswith(b"%PDF") else None


def plain_pdf(title, some, trailer=""):
    """Pages of Helvetica in compressed streams, with a table of cross references."""
    lines = [title]
    for one in some:
        lines += ["", one["title"]] + re.findall(r".{1,90}(?:\s|$)", one["text"])
    sheets = [lines[i : i + 50] for i in range(0, len(lines), 50)]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(sheets)))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(sheets)} >>".encode(),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    for i, sheet in enumerate(sheets):
        text = "".join("(" + re.sub(r"([\\()])", r"\\\1", line.strip()) + ") Tj T*\n" for line in sheet)
        stream = zlib.compress(f"BT /F1 10 Tf 14 TL 50 790 Td\n{text}ET".encode("cp1252", "replace"))
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * i} 0 R >>".encode())
        objects.append(f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode() + stream + b"\nendstream")
    pdf, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(pdf))
        pdf += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return pdf + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer}>>\nstartxref\n{len(pdf)}\n%%EOF\n".encode()


def mail(number, one):
    message = EmailMessage()
    message["Subject"] = one["title"]
    message["From"], message["To"] = "sender@example.org", "reader@example.org"
    message["Date"], message["Message-ID"] = f"Mon, {1 + number % 28} Jan 2024 10:00:00 +0000", f"<{number}@example.org>"
    message.set_content(one["text"], cte=("quoted-printable", "base64")[number % 2])
    if number % 3 == 0:
        message.add_alternative(page(one["title"], f"<p>{html.escape(one['text'])}</p>"), subtype="html")
    if number % 5 == 0:
        message.add_attachment(b"\0\1\2" * 1000, maintype="application", subtype="octet-stream", filename="data.bin")
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"part-{number}")
    return message.as_bytes()


def rows(some, columns, delimiter):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows(some)
    return text.getvalue()


def good():
    for one in pages:
        put(f"docs/{one.name}", one.read_text(encoding="utf-8"))
    for i in range(150 - len(pages)):
        some = take(6)
        body = "\n\n".join(f"## {one['title']}\n\n{one['text']}" for one in some)
        cells = "\n".join(f"| {one['title'].replace('|', '/')} | {len(one['text'])} |" for one in some)
        put(f"notes/note-{i:03}.md", f"---\ntitle: Notes {i}\ntags: [notes, wiki]\n---\n\n# Notes {i}\n\n{body}\n\n| Title | Characters |\n| --- | --- |\n{cells}\n")
    for i in range(150):
        if i < len(pages):
            markdown = pages[i].read_text(encoding="utf-8")
            put(f"site/{pages[i].stem}.html", page(pages[i].stem, as_html(markdown)))
        else:
            some = take(5)
            put(f"site/page-{i:03}.htm" if i % 4 == 0 else f"site/page-{i:03}.html", page(f"Page {i}", f"<h1>Page {i}</h1>{sections(some)}{table(some)}"))
    for i in range(120):
        put(f"office/report-{i:03}.docx", zipped(docx(f"Report {i}", take(5))))
    for i in range(50):
        put(f"books/book-{i:03}.epub", zipped(epub(f"Book {i}", [take(4) for _ in range(8)])))
    for i in range(60):
        some = take(40)
        if i % 2 == 0:
            put(f"tables/rows-{i:03}.csv", rows([(one["id"], one["title"], one["text"]) for one in some], ("id", "title", "text"), ","), len(some))
        else:
            put(f"tables/sheet-{i:03}.csv", rows([(one["title"], one["text"], len(one["text"])) for one in some], ("Name", "Description", "Characters"), ";"))
    for i in range(20):
        put(f"tables/sheet-{i:03}.tsv", rows([(one["title"], " ".join(one["text"].split())) for one in take(20)], ("Name", "Description"), "\t"))
    for i in range(40):
        some = take(50)
        put(f"data/set-{i:03}.jsonl", "".join(json.dumps(one, ensure_ascii=i % 2 == 0) + "\n" for one in some), len(some))
    for i in range(150):
        put(f"mail/{i:03}.eml", mail(i, take(1)[0]))
    for i in range(100):
        some = take(6)
        put(f"papers/paper-{i:03}.pdf", (groff(f"Paper {i}", some) if i % 4 else None) or plain_pdf(f"Paper {i}", some))
    code = sorted(path for folder in ("src", "bench") for path in (REPOSITORY / folder).rglob("*")
                  if path.suffix in (".cs", ".py", ".sh", ".mjs", ".java") and not {"obj", "bin"} & set(path.parts))
    other = [path for path in code if path.suffix != ".cs"]
    for i, path in enumerate((other + [path for path in code if path.suffix == ".cs"][:: max(1, len(code) // 120)])[:100]):
        put(f"code/{i:03}-{path.name}", path.read_bytes())
    for i in range(20):
        put(f"texts/text-{i:03}.txt", "\n\n".join(one["text"] for one in take(5)))
    for i in range(10):
        # The same bytes once more: read and kept once.
        put(f"texts/copy-{i:03}.txt", (OUT / f"texts/text-{i:03}.txt").read_bytes(), 0)


def broken():
    """Thirty files that a reader must refuse, or read in part, and list."""
    def put_broken(name, content, documents=0):
        put(f"broken/{name}", content, documents)

    word, book, paper = zipped(docx("Damaged", take(5))), zipped(epub("Damaged", [take(2)])), plain_pdf("Damaged", take(5))
    for i in range(3):
        put_broken(f"cut-{i}.docx", word[: len(word) * (i + 1) // 4])
        put_broken(f"cut-{i}.pdf", paper[: 60 * (i + 1)])
    for i in range(2):
        put_broken(f"cut-{i}.epub", book[: len(book) * (i + 1) // 3])
        bomb = f'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{"<w:p/>" * (5_000_000 * (i + 1))}</w:body></w:document>'
        put_broken(f"bomb-{i}.docx", zipped([("word/document.xml", bomb)]))
        put_broken(f"quote-{i}.csv", 'id,title,text\n1,a,"never closed' + "\nmore" * 10)
        put_broken(f"nested-{i}.html", "<div>" * (100_000 * (i + 1)) + "deep")
    put_broken("empty.epub", zipped([("mimetype", "application/epub+zip")]))
    put_broken("other.docx", zipped([("readme.txt", "not a Word document")]))
    noise = bytes(i * 7919 % 251 for i in range(5000))
    for name in ("a.txt", "b.txt", "c.md", "d.csv", "e.html"):
        put_broken(name, noise + name.encode())
    for i in range(3):
        one = take(1)[0]
        put_broken(f"lines-{i}.jsonl", json.dumps(one) + '\n{"id": "half\n[1, 2]\n', 1)
    put_broken("line.csv", "id,title,text\n1,long," + "x" * (5 << 20) + "\n")
    put_broken("large.txt", b"word " * (14 << 20))
    put_broken("locked.pdf", plain_pdf("Locked", take(1), "/Encrypt << /Filter /Standard /V 1 /R 2 /O (" + "o" * 32 + ") /U (" + "u" * 32 + ") /P -4 >> "))
    put_broken("latin.md", "# Caf\u00e9\n\nThe caf\u00e9 is not UTF-8.\n".encode("latin-1"))
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{i}"\n\n--b{i}\n' for i in range(400))
    put_broken("deep.eml", f"Subject: deep\nMIME-Version: 1.0\n{deep}Content-Type: text/plain\n\nbottom\n", 1)
    put_broken("empty.md", "")


if OUT.exists():
    sys.exit(f"{OUT} exists: name a folder that does not")
good()
broken()
files, documents = (sum(count[i] for count in made.values()) for i in (0, 1))
# Beside the thousand: what .gitignore leaves out, and kinds that are not read.
(OUT / ".gitignore").write_text("drafts/\n*.log\n")
(OUT / "drafts").mkdir()
for i in range(5):
    (OUT / "drafts" / f"{i}.md").write_text("# Draft\n")
(OUT / "run.log").write_text("ignored\n")
for i in range(4):
    (OUT / f"picture-{i}.png").write_bytes(b"\x89PNG")
size = sum(path.stat().st_size for path in OUT.rglob("*") if path.is_file())
for kind, (count, expected) in sorted(made.items()):
    print(f"{kind:7} {count:5,} files {expected:6,} documents")
print(f"{'all':7} {files:5,} files {documents:6,} documents expected, {size / 1e6:.1f} MB; and 6 ignored files, 4 of unknown kinds")
