using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using AgentRag.Decoding.Tokenizers;
using AgentRag.Decoding.Weights;
using AgentRag.Tokens;
using Microsoft.Extensions.AI;

namespace AgentRag.Decoding.Chat;

/// <summary>Counts with the tokenizer and the chat template of a model file: exactly what the model in this process takes.</summary>
/// <remarks>Immutable; safe for concurrent use.</remarks>
public sealed class LocalTokenCounter : IConversationTokenCounter
{
    private const string Metadata = "tokenizer.";

    private readonly IModelTokenizer _tokenizer;
    private readonly ChatTemplate _template;

    internal LocalTokenCounter(GgufFile file, IModelTokenizer tokenizer, ChatTemplate template)
    {
        (_tokenizer, _template, Name) = (tokenizer, template, $"{Path.GetFileName(file.Path)}@{HashOf(file.Metadata)[..12]}");
        ContextTokens = file.Metadata.Text("general.architecture") is { } architecture && file.Metadata.Integer($"{architecture}.context_length") is >= 1 and var trained
            ? LocalModelOptions.DefaultContextTokens(trained)
            : null;
        var request = template.Write([]).Count;
        ChatTemplate = new ChatTemplateTokens(
            ((string[])["system", "user", "assistant"]).Max(role => template.Write([new ChatTurn(role, "x")]).Count - request - Count("x")), request);
    }

    /// <summary>The file's name, and of the SHA-256 of its tokenizer the first twelve digits.</summary>
    public string Name { get; }

    /// <summary>About what the template adds; <see cref="CountConversation"/> says it exactly.</summary>
    public ChatTemplateTokens ChatTemplate { get; }

    /// <summary>Most tokens of a prompt with its answer for <see cref="LocalChatClient"/> with this file and its default options; null when the file does not say, as it holds a tokenizer alone.</summary>
    public int? ContextTokens { get; }

    /// <summary>Opens the tokenizer of a model file; the weights are not read.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <exception cref="AgentRagException">The file cannot be read, is damaged, or its tokenizer is of a kind that is not known.</exception>
    public static LocalTokenCounter Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var file = GgufFile.Open(path);
        var tokenizer = GgufTokenizer.From(file);
        return new LocalTokenCounter(file, tokenizer, new ChatTemplate(tokenizer));
    }

    /// <inheritdoc/>
    public int Count(ReadOnlySpan<char> text)
    {
        List<int> tokens = [];
        _tokenizer.Encode(text, tokens);
        return tokens.Count;
    }

    /// <inheritdoc/>
    /// <exception cref="AgentRagException">A message holds what is no text.</exception>
    public int CountConversation(IReadOnlyList<ChatMessage> messages) => _template.Write(ChatTurn.From(messages, instructions: null)).Count;

    // Files of the same tokenizer count alike, whatever their weights.
    private static string HashOf(GgufMetadata metadata)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in metadata.Names.Where(name => name.StartsWith(Metadata, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            Add(name);
            _ = metadata.TryGet(name, out var value);
            switch (value)
            {
                case string[] texts:
                    Array.ForEach(texts, Add);
                    break;
                case float[] numbers:
                    hash.AppendData(MemoryMarshal.AsBytes<float>(numbers));
                    break;
                case int[] numbers:
                    hash.AppendData(MemoryMarshal.AsBytes<int>(numbers));
                    break;
                case uint[] numbers:
                    hash.AppendData(MemoryMarshal.AsBytes<uint>(numbers));
                    break;
                default:
                    Add(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
                    break;
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text)
        {
            hash.AppendData(BitConverter.GetBytes(text.Length));
            hash.AppendData(Encoding.UTF8.GetBytes(text));
        }
    }
}
