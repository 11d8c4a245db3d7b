using AgentRag.Tokens.BytePairs;

namespace AgentRag.Tokens.Vocabularies;

/// <summary>A published vocabulary that can be had by name.</summary>
/// <param name="Name">Its name: <c>o200k_base</c>.</param>
/// <param name="Models">The models that use it, for people.</param>
/// <param name="Url">Where its publisher keeps the file.</param>
/// <param name="Sha256">SHA-256 of the file, hexadecimal.</param>
/// <param name="Bytes">Size of the file.</param>
/// <param name="Pattern">How texts are cut, which the file itself does not say.</param>
public sealed record KnownVocabulary(string Name, string Models, Uri Url, string Sha256, long Bytes, SplitPattern Pattern)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<KnownVocabulary> All { get; } =
    [
        new(
            "o200k_base",
            "GPT-4o, GPT-4.1, GPT-5, o1, o3, o4",
            new Uri("https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"),
            "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            3_613_922,
            SplitPattern.O200k),
        new(
            "cl100k_base",
            "GPT-4, GPT-3.5 Turbo, text-embedding-3",
            new Uri("https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"),
            "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            1_681_126,
            SplitPattern.Cl100k),
    ];

    /// <summary>The file's name in a folder of vocabularies.</summary>
    public string FileName => $"{Name}.tiktoken";
}
