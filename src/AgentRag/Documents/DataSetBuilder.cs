using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgentRag.Models;

namespace AgentRag.Documents;

/// <summary>Turns the rows of a data set into labelled questions, and the paragraphs they carry into documents.</summary>
/// <remarks>
/// Field names are those of the published files: HotpotQA (hotpot_dev_distractor_v1.json), 2WikiMultiHopQA (dev.json), MuSiQue (musique_ans_v1.0_dev.jsonl),
/// Bamboogle, NQ-open, TriviaQA (unfiltered-web-dev.json), StrategyQA (strategyqa_train.json); HotpotQA's columns as its Hugging Face copy has them are read too.
/// </remarks>
internal sealed class DataSetBuilder(string path, string fileName, DataSetFormat format)
{
    private readonly List<LabelledQuestion> _questions = [];
    private readonly Dictionary<string, DataSetParagraph> _paragraphs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private int _leftOut;

    public static string NumberedId(string name, int index) => $"{name}-{index + 1:00000}";

    public void Add(JsonElement row, string where)
    {
        var question = format switch
        {
            DataSetFormat.HotpotQa or DataSetFormat.TwoWikiMultiHopQa => WithContext(row, where),
            DataSetFormat.MuSiQue => WithParagraphs(row, where),
            DataSetFormat.StrategyQa => YesNo(row, where),
            DataSetFormat.TriviaQa => Trivia(row, where),
            _ => Open(row, where),
        };
        if (question is null)
        {
            _leftOut++;
            return;
        }

        if (!_ids.Add(question.Id))
        {
            throw new AgentRagException($"{where}: the id \"{question.Id}\" occurs twice; ids must differ.");
        }

        _questions.Add(question);
    }

    public DataSet Finish() => _questions.Count == 0
        ? throw new AgentRagException($"{path}: there is no question in it that can be answered.")
        : new DataSet
        {
            Name = Name,
            Format = format,
            Questions = _questions,
            Paragraphs = [.. _paragraphs.Values],
            LeftOut = _leftOut,
        };

    private string Name => format switch
    {
        DataSetFormat.HotpotQa => "hotpotqa",
        DataSetFormat.TwoWikiMultiHopQa => "2wikimultihopqa",
        DataSetFormat.MuSiQue => "musique",
        DataSetFormat.Bamboogle => "bamboogle",
        DataSetFormat.TriviaQa => "triviaqa",
        DataSetFormat.StrategyQa => "strategyqa",
        _ => fileName,
    };

    private LabelledQuestion WithContext(JsonElement row, string where)
    {
        var context = Context(row.GetProperty("context"), where).ToList();
        Dictionary<string, string> idOfTitle = new(StringComparer.Ordinal);
        foreach (var (title, text) in context)
        {
            idOfTitle.TryAdd(title, Paragraph(title, text, alwaysHashed: false));
        }

        // A supporting page may be missing from the context (HotpotQA's full-wiki setting): its title is its id all the same.
        List<string> supporting = [.. SupportingTitles(row, where).Distinct(StringComparer.Ordinal).Select(title => idOfTitle.GetValueOrDefault(title, title))];
        var type = row.Text("type");
        return new LabelledQuestion
        {
            Id = Id(row),
            Question = Required(row, "question", where),
            Answers = [Required(row, "answer", where)],
            Supporting = supporting,
            Hops = type == "bridge_comparison" ? 4 : 2,
            Type = type,
        };
    }

    private LabelledQuestion? WithParagraphs(JsonElement row, string where)
    {
        if (row.Field("answerable") is { ValueKind: JsonValueKind.False })
        {
            return null;
        }

        Dictionary<long, string> idOfIndex = [];
        List<string> supporting = [];
        foreach (var paragraph in row.Items("paragraphs"))
        {
            var id = Paragraph(Required(paragraph, "title", where), Required(paragraph, "paragraph_text", where), alwaysHashed: true);
            idOfIndex[paragraph.Integer("idx") ?? idOfIndex.Count] = id;
            if (paragraph.Field("is_supporting") is { ValueKind: JsonValueKind.True } && !supporting.Contains(id))
            {
                supporting.Add(id);
            }
        }

        List<LabelledStep> steps =
        [
            .. row.Items("question_decomposition").Select(step => new LabelledStep(
                Required(step, "question", where),
                Required(step, "answer", where),
                step.Integer("paragraph_support_idx") is { } index ? idOfIndex.GetValueOrDefault(index) : null)),
        ];
        var key = Id(row);
        return new LabelledQuestion
        {
            Id = key,
            Question = Required(row, "question", where),
            Answers = [.. row.Items("answer_aliases").Select(alias => alias.GetString()!).Prepend(Required(row, "answer", where)).Distinct(StringComparer.Ordinal)],
            Supporting = supporting,
            Hops = steps.Count > 0 ? steps.Count : null,
            Type = key.Split("__")[0],
            Decomposition = steps,
        };
    }

    private static LabelledQuestion YesNo(JsonElement row, string where) => new()
    {
        Id = Required(row, "qid", where),
        Question = Required(row, "question", where),
        Answers = [row.Field("answer") switch
        {
            { ValueKind: JsonValueKind.True } => "yes",
            { ValueKind: JsonValueKind.False } => "no",
            _ => throw Lacks("answer", "true or false; the test split has none", where),
        }],
        // Three people named evidence for each question; the first one's is taken. The steps of the published decomposition have no answers.
        Supporting = [.. row.Items("evidence").Take(1).SelectMany(Evidence).Distinct(StringComparer.Ordinal)],
        Type = "strategy",
    };

    private static LabelledQuestion Trivia(JsonElement row, string where)
    {
        var answer = row.Field("Answer") ?? throw Lacks("Answer", "the test split has none", where);
        return new LabelledQuestion
        {
            Id = Required(row, "QuestionId", where),
            Question = Required(row, "Question", where),
            Answers = [.. answer.Items("Aliases").Concat(answer.Items("HumanAnswers")).Select(alias => alias.GetString()!)
                .Prepend(Required(answer, "Value", where)).Distinct(StringComparer.Ordinal)],
            Hops = 1,
        };
    }

    private LabelledQuestion Open(JsonElement row, string where)
    {
        var isBamboogle = format == DataSetFormat.Bamboogle;
        var answers = Answers(row.Field(isBamboogle ? "Answer" : "answer") ?? row.Field("answers") ?? row.Field("golden_answers"));
        return new LabelledQuestion
        {
            Id = row.Text("id") ?? row.Integer("id")?.ToString() ?? row.Text("_id") ?? NumberedId(Name, _questions.Count),
            Question = Required(row, isBamboogle ? "Question" : "question", where),
            Answers = answers.Count > 0 ? answers : throw Lacks("answer", "a text or a list of texts", where),
        };
    }

    private static List<string> Answers(JsonElement? json) => json switch
    {
        { ValueKind: JsonValueKind.String } text => [text.GetString()!],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            [.. list.EnumerateArray().Select(item => item.GetString()!).Distinct(StringComparer.Ordinal)],
        _ => [],
    };

    // [[title, [sentence, ...]], ...], or {"title": [...], "sentences": [[...], ...]}.
    private static IEnumerable<(string Title, string Text)> Context(JsonElement context, string where)
    {
        var pages = context.ValueKind switch
        {
            JsonValueKind.Array => context.EnumerateArray()
                .Select(page => page.ValueKind == JsonValueKind.Array && page.GetArrayLength() == 2 ? (Title: page[0], Sentences: page[1]) : throw Malformed(where)),
            JsonValueKind.Object => context.Items("title").Zip(context.Items("sentences"), (title, sentences) => (Title: title, Sentences: sentences)),
            _ => throw Malformed(where),
        };
        return pages.Select(page => page is { Title.ValueKind: JsonValueKind.String, Sentences.ValueKind: JsonValueKind.Array }
            ? (page.Title.GetString()!, Join(page.Sentences.EnumerateArray().Select(sentence => sentence.ToString())))
            : throw Malformed(where));
    }

    private static IEnumerable<string> SupportingTitles(JsonElement row, string where) => row.Field("supporting_facts") switch
    {
        { ValueKind: JsonValueKind.Array } facts => facts.EnumerateArray()
            .Select(fact => fact.ValueKind == JsonValueKind.Array && fact.GetArrayLength() == 2 ? fact[0].ToString() : throw Malformed(where)),
        { ValueKind: JsonValueKind.Object } facts => facts.Items("title").Select(title => title.ToString()),
        _ => [],
    };

    // A step's evidence is a list of paragraph ids, or a word for a step that needs none.
    private static IEnumerable<string> Evidence(JsonElement json) => json.ValueKind == JsonValueKind.Array
        ? json.EnumerateArray().SelectMany(item => item.ValueKind == JsonValueKind.String && item.GetString() is { } id && id is not ("operation" or "no_evidence")
            ? [id]
            : Evidence(item))
        : [];

    // HotpotQA's sentences bring the space in front of them, 2WikiMultiHopQA's do not.
    private static string Join(IEnumerable<string> sentences)
    {
        var text = new StringBuilder();
        foreach (var sentence in sentences)
        {
            if (text.Length > 0 && sentence.Length > 0 && !char.IsWhiteSpace(text[^1]) && !char.IsWhiteSpace(sentence[0]))
            {
                text.Append(' ');
            }

            text.Append(sentence);
        }

        return text.ToString().Trim();
    }

    // MuSiQue has many paragraphs of one page; in the others a title is a paragraph, but for a few edited pages.
    private string Paragraph(string title, string text, bool alwaysHashed)
    {
        var hashed = $"{title}~{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..8]}";
        var id = alwaysHashed || (_paragraphs.TryGetValue(title, out var known) && known.Text != text) ? hashed : title;
        _paragraphs.TryAdd(id, new DataSetParagraph(id, title, text));
        return id;
    }

    private string Id(JsonElement row) => row.Text("_id") ?? row.Text("id") ?? NumberedId(Name, _questions.Count);

    private static string Required(JsonElement row, string name, string where) => row.Text(name) is { } text && !string.IsNullOrWhiteSpace(text)
        ? text
        : throw Lacks(name, name == "answer" ? "a text; test splits without answers cannot be scored" : "a text", where);

    private static AgentRagException Lacks(string name, string expected, string where) => new($"{where}: \"{name}\" is missing or no text; it must be {expected}.");

    private static AgentRagException Malformed(string where) => new($"{where}: \"context\" or \"supporting_facts\" is not in the form of HotpotQA: [title, [sentences]] and [title, number].");
}
