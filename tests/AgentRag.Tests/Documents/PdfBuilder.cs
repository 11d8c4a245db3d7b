using System.IO.Compression;
using System.Text;

namespace AgentRag.Tests.Documents;

/// <summary>Writes small PDF files, with a cross-reference table so that every reader takes them.</summary>
internal sealed class PdfBuilder
{
    private readonly List<byte[]> _objects = [];

    /// <summary>A file with one page per content stream, all with the same font as F1.</summary>
    public static byte[] Pages(string font, params string[] contents)
    {
        var pdf = new PdfBuilder();
        var first = 4;
        pdf.Add("<< /Type /Catalog /Pages 2 0 R >>");
        pdf.Add($"<< /Type /Pages /Kids [{string.Join(' ', contents.Select((_, i) => $"{first + (2 * i)} 0 R"))}] /Count {contents.Length} /Resources << /Font << /F1 3 0 R >> >> >>");
        pdf.Add(font);
        for (var i = 0; i < contents.Length; i++)
        {
            pdf.Add($"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {first + (2 * i) + 1} 0 R >>");
            pdf.AddStream("", Encoding.Latin1.GetBytes(contents[i]));
        }

        return pdf.Build();
    }

    public static byte[] Flate(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal))
        {
            zlib.Write(content);
        }

        return packed.ToArray();
    }

    /// <summary>Adds the next object; the first is number 1.</summary>
    public void Add(string content) => _objects.Add(Encoding.Latin1.GetBytes(content));

    public void AddStream(string entries, byte[] content) =>
        _objects.Add([.. Encoding.Latin1.GetBytes($"<< {entries} /Length {content.Length} >>\nstream\n"), .. content, .. "\nendstream"u8]);

    public byte[] Build(string trailer = "")
    {
        using var file = new MemoryStream();
        file.Write("%PDF-1.7\n"u8);
        List<long> offsets = [];
        foreach (var content in _objects)
        {
            offsets.Add(file.Length);
            file.Write(Encoding.Latin1.GetBytes($"{offsets.Count} 0 obj\n"));
            file.Write(content);
            file.Write("\nendobj\n"u8);
        }

        var table = file.Length;
        var rows = string.Concat(offsets.Select(offset => $"{offset:D10} 00000 n \n"));
        file.Write(Encoding.Latin1.GetBytes(
            $"xref\n0 {offsets.Count + 1}\n0000000000 65535 f \n{rows}trailer\n<< /Size {offsets.Count + 1} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n"));
        return file.ToArray();
    }
}
