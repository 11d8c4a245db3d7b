using System.CommandLine;
using System.Security.Cryptography;
using AgentRag.Cli.Configuration;
using AgentRag.Cli.Output;
using AgentRag.Tokens.BytePairs;
using AgentRag.Tokens.Vocabularies;

namespace AgentRag.Cli.Commands;

/// <summary><c>agentrag tokenizer</c>: shows, fetches, checks and runs the vocabularies that make token counts exact.</summary>
internal static class TokenizerCommand
{
    private static readonly Argument<string[]> Names = new("NAME") { Description = "Vocabularies to fetch, by name.", Arity = ArgumentArity.OneOrMore };

    private static readonly Argument<string?> Input = new("FILE") { Description = "The text, or with --jsonl the lines; stdin when none is given.", Arity = ArgumentArity.ZeroOrOne };

    private static readonly Option<string?> Vocabulary = new("--vocabulary") { HelpName = "NAME|FILE", Description = "The vocabulary: a known name, a .tiktoken or a tokenizer.json file.", Required = true };

    private static readonly Option<string[]> CheckedVocabularies = new("--vocabulary")
    {
        HelpName = "NAME|FILE",
        Description = "A vocabulary to check; may be given several times. Default: all known ones that are there.",
    };

    private static readonly Option<string?> Vectors = new("--vectors")
    {
        HelpName = "FILE",
        Description = "JSON Lines with text and, under each vocabulary's name, its token ids: each text must be encoded to exactly these, and back.",
    };

    private static readonly Option<bool> JsonLines = new("--jsonl") { Description = "Read {\"text\": ...} lines and write one {\"ids\": [...]} line for each." };

    public static Command Create(Terminal terminal)
    {
        var command = new ExampleCommand(
            "tokenizer",
            "Show, fetch, check and run the vocabularies that make token counts exact.",
            "Without one, tokens are estimated on the high side. Nothing is fetched unless 'download' is called; everything else works offline.",
            "agentrag tokenizer",
            "agentrag tokenizer download o200k_base",
            "agentrag ask \"...\" --tokenizer o200k_base",
            "agentrag tokenizer encode --vocabulary tokenizer.json --jsonl texts.jsonl")
        {
            Flags.Json, Download(terminal), Check(terminal), Encode(terminal),
        };
        SettingKeys.AddTo(command, [SettingKeys.Vocabularies]);
        command.SetAction(parsed => Show(terminal, parsed));
        return command;
    }

    private static ExampleCommand Download(Terminal terminal)
    {
        var command = new ExampleCommand(
            "download",
            "Fetch known vocabularies.",
            "An interrupted download is gone on with. A file counts only when its SHA-256 is the published one.",
            "agentrag tokenizer download o200k_base")
        {
            Names,
        };
        SettingKeys.AddTo(command, [SettingKeys.Vocabularies]);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var folder = Settings.Read(parsed).Vocabularies.Value;
            var wanted = parsed.GetValue(Names)!.Select(Known).ToList();
            using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
            var download = new VocabularyDownload(http);
            foreach (var vocabulary in wanted)
            {
                var path = await terminal.WithProgressAsync($"Fetching {vocabulary.Name}", report => download.FetchAsync(
                    vocabulary, folder, new SynchronousProgress<long>(bytes => report(bytes, vocabulary.Bytes, $"{bytes:N0} of {vocabulary.Bytes:N0} bytes")), cancellationToken));
                terminal.WriteLine($"{vocabulary.Name}: {path}");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static ExampleCommand Check(Terminal terminal)
    {
        var command = new ExampleCommand(
            "check",
            "Check that vocabularies are whole, and that texts are encoded exactly.",
            "Exit code 3 when a file or a text is not as it should be.",
            "agentrag tokenizer check",
            "agentrag tokenizer check --vectors vectors.jsonl --vocabulary o200k_base --vocabulary cl100k_base.tiktoken")
        {
            Vectors, CheckedVocabularies, Flags.Json,
        };
        SettingKeys.AddTo(command, [SettingKeys.Vocabularies]);
        command.SetAction(parsed =>
        {
            var folder = Settings.Read(parsed).Vocabularies.Value;
            var names = parsed.GetValue(CheckedVocabularies) is { Length: > 0 } given
                ? given
                : [.. KnownVocabulary.All.Where(known => File.Exists(Path.Combine(folder, known.FileName))).Select(known => known.Name)];
            if (names.Length == 0)
            {
                throw new AgentRagException($"There is no vocabulary in '{folder}' to check: name one with --vocabulary, or get one with 'agentrag tokenizer download'.");
            }

            return new TokenizerCheck(terminal, parsed.GetValue(Flags.Json)).Run([.. names.Select(name => Open(name, folder))], parsed.GetValue(Vectors));
        });
        return command;
    }

    private static ExampleCommand Encode(Terminal terminal)
    {
        var command = new ExampleCommand(
            "encode",
            "Write the token ids of texts.",
            "Nothing is added to the text: no beginning-of-text token, no chat template.",
            "agentrag tokenizer encode --vocabulary o200k_base README.md",
            "agentrag tokenizer encode --vocabulary FILE --jsonl < texts.jsonl > ids.jsonl")
        {
            Input, Vocabulary, JsonLines,
        };
        SettingKeys.AddTo(command, [SettingKeys.Vocabularies]);
        command.SetAction((parsed, cancellationToken) =>
        {
            var tokenizer = Open(parsed.GetValue(Vocabulary)!, Settings.Read(parsed).Vocabularies.Value);
            return new TextEncoding(terminal, tokenizer).RunAsync(parsed.GetValue(Input), parsed.GetValue(JsonLines), cancellationToken);
        });
        return command;
    }

    private static int Show(Terminal terminal, ParseResult parsed)
    {
        var folder = Settings.Read(parsed).Vocabularies.Value;
        var json = parsed.GetValue(Flags.Json);
        foreach (var known in KnownVocabulary.All)
        {
            var path = Path.Combine(folder, known.FileName);
            var state = !File.Exists(path) ? "missing" : HashOf(path) == known.Sha256 ? "ready" : "damaged";
            if (json)
            {
                terminal.WriteJson(new { known.Name, State = state, Path = path, known.Models, known.Bytes, known.Sha256, Url = known.Url.ToString() });
            }
            else
            {
                terminal.WriteLine($"{known.Name,-12} {state,-8} {path}");
                terminal.WriteLine($"{"",-12} {"",-8} {known.Models}; {known.Bytes:N0} bytes from {known.Url}");
            }
        }

        if (!json)
        {
            terminal.WriteLine("Other models: --tokenizer FILE takes the tokenizer.json of a byte-level BPE model (GPT-2, Llama 3, Qwen 2 and their relatives) and .tiktoken files.");
        }

        return ExitCode.Success;
    }

    private static KnownVocabulary Known(string name) => KnownVocabulary.All.FirstOrDefault(known => known.Name == name)
        ?? throw new AgentRagException($"There is no known vocabulary '{name}': use {string.Join(" or ", KnownVocabulary.All.Select(known => known.Name))}.");

    private static BytePairTokenizer Open(string name, string folder) => TokenCounters.Open(name, folder) as BytePairTokenizer
        ?? throw new AgentRagException($"'{name}' is no vocabulary: it counts without one.");

    private static string? HashOf(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Told as damaged: it cannot be used as it is.
            return null;
        }
    }
}
