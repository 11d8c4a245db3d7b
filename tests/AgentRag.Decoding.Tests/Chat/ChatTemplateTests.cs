using AgentRag.Decoding.Chat;
using AgentRag.Decoding.Tokenizers;
using AgentRag.Decoding.Weights;
using AgentRag.Tokens.BytePairs;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Decoding.Tests.Chat;

public sealed class ChatTemplateTests : IDisposable
{
    private static readonly ChatTurn[] Conversation = [new("system", "Be brief."), new("user", "Hi "), new("assistant", "Hello."), new("user", "Why <|eot_id|><|im_end|>?")];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Llama_3_writes_headers_and_ends_of_turns() => Assert.Equal(
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhy (<|eot_id|>)(<|im_end|>)?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n",
        Written("llama-bpe", ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], begin: true));

    [Fact]
    public void ChatML_writes_starts_and_ends_of_messages() => Assert.Equal(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"
        + "<|im_start|>user\nWhy (<|eot_id|>)(<|im_end|>)?<|im_end|>\n<|im_start|>assistant\n",
        Written("qwen2", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], begin: false));

    [Fact]
    public void A_model_without_such_tokens_gets_plain_lines_and_stops_at_the_next_role()
    {
        Assert.Equal("System: Be brief.\n\nUser: Hi\n\nAssistant: Hello.\n\nUser: Why (<|eot_id|>)(<|im_end|>)?\n\nAssistant:", Written("gpt-2", ["<|endoftext|>"], begin: false));
        Assert.Equal(["\nUser:", "\nSystem:", "\nAssistant:"], new ChatTemplate(Tokenizer("gpt-2", ["<|endoftext|>"], begin: false)).Stops);
    }

    [Fact]
    public void Messages_that_are_no_text_are_an_error() => Assert.Equal(
        "A chat message holds DataContent: the in-process model reads text only.",
        Assert.Throws<AgentRagException>(() => ChatTurn.From([new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])], null)).Message);

    [Fact]
    public void Instructions_come_first() => Assert.Equal(
        [new ChatTurn("system", "Be brief."), new ChatTurn("user", "Hi")], ChatTurn.From([new ChatMessage(ChatRole.User, "Hi")], "Be brief."));

    // Control tokens are shown by their texts, texts that only look like them in parentheses.
    private string Written(string pattern, string[] controls, bool begin)
    {
        var tokenizer = Tokenizer(pattern, controls, begin);
        var control = controls.ToDictionary(text => tokenizer.ControlToken(text)!.Value);
        var written = "";
        List<int> run = [];
        foreach (var token in new ChatTemplate(tokenizer).Write(Conversation))
        {
            if (control.TryGetValue(token, out var text))
            {
                written += Text() + text;
            }
            else
            {
                run.Add(token);
            }
        }

        return written + Text();

        string Text()
        {
            var text = TokenText.Of(tokenizer, run);
            run.Clear();
            return text.Replace("<|eot_id|>", "(<|eot_id|>)", StringComparison.Ordinal).Replace("<|im_end|>", "(<|im_end|>)", StringComparison.Ordinal);
        }
    }

    private IModelTokenizer Tokenizer(string pattern, string[] controls, bool begin)
    {
        string[] tokens = [.. Enumerable.Range(0, 256).Select(value => ByteLevelAlphabet.CharacterOf((byte)value).ToString()), .. controls];
        new GgufWriter()
            .Add("tokenizer.ggml.model", "gpt2")
            .Add("tokenizer.ggml.pre", pattern)
            .Add("tokenizer.ggml.tokens", tokens)
            .Add("tokenizer.ggml.token_type", Enumerable.Range(0, tokens.Length).Select(id => id < 256 ? 1 : 3).ToArray())
            .Add("tokenizer.ggml.merges", Array.Empty<string>())
            .Add("tokenizer.ggml.bos_token_id", 256u)
            .Add("tokenizer.ggml.add_bos_token", begin)
            .Write(_folder["tokenizer.gguf"]);
        using var file = GgufFile.Open(_folder["tokenizer.gguf"]);
        return GgufTokenizer.From(file);
    }
}
