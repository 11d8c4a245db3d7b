using AgentRag.Answering;
using AgentRag.Documents;
using AgentRag.Indexing;
using AgentRag.Models;
using AgentRag.Models.Extractive;
using AgentRag.Prompting;
using AgentRag.Retrieval;
using AgentRag.Tests.Architecture;
using AgentRag.Tests.Fakes;
using Microsoft.Extensions.AI;
using Xunit;

namespace AgentRag.Tests.Answering;

/// <summary>What the check of citations costs where they are right: every mark of the offline model over the demo world, held against the labelled documents.</summary>
public sealed class DemoCitationTests
{
    [Theory]
    [InlineData("test.jsonl", RagAnswerer.Name, 18)]
    [InlineData("test.jsonl", IterDragAnswerer.Name, 18)]
    [InlineData("test.jsonl", DecomposeParallelAnswerer.Name, 18)]
    [InlineData("demonstrations.jsonl", RagAnswerer.Name, 13)]
    [InlineData("demonstrations.jsonl", IterDragAnswerer.Name, 13)]
    [InlineData("multilingual.jsonl", RagAnswerer.Name, 2)]
    [InlineData("multilingual.jsonl", IterDragAnswerer.Name, 2)]
    public async Task A_citation_of_a_supporting_document_is_not_dropped(string file, string strategy, int atLeast)
    {
        var world = Repository.PathOf("demos", "world");
        using var folder = new TemporaryFolder();
        await new Indexer(new WordCounter()).RunAsync(new IndexRequest { Paths = [Path.Combine(world, "documents")], IndexDirectory = folder["index"] });
        var index = Bm25Index.Open(folder["index"]);
        using var model = new Recorder(new ExtractiveChatClient(new WordCounter()));
        var answerer = Answerers.Create(strategy, new AnsweringContext { Model = model, Retriever = new Bm25Retriever(index), TokenCounter = new WordCounter() });
        var (right, wrong, keptWrong, swapped, droppedSwapped) = (0, 0, 0, 0, 0);
        List<string> lost = [];
        foreach (var question in await LabelledQuestionFile.LoadAsync(Path.Combine(world, file)))
        {
            model.Cited.Clear();
            model.Replies.Clear();
            var answer = await answerer.AnswerAsync(
                new AnswerRequest(question.Question, new InferenceParameters(10, 0, 5), new TokenBudgetOptions { MaxEffectiveContextTokens = 1_000_000, ContextWindowTokens = 100_000 }),
                progress: null,
                TestContext.Current.CancellationToken);
            foreach (var (reply, request) in model.Replies)
            {
                var (passages, known) = (request.Passages, string.Join('\n', request.Steps.Select(step => $"{step.SubQuery} {step.IntermediateAnswer}").Prepend(question.Question)));
                var (text, cited) = (CitedText.Parse(reply).Text, CitedText.Parse(reply).Numbers);
                // What holds the words is no wrong citation by any measure of words.
                foreach (var other in passages.Where(other => cited.Count > 0 && !cited.Contains(other.Number)
                    && !$"{other.Title}\n{other.Text}".Contains(text.TrimEnd('.'), StringComparison.OrdinalIgnoreCase) && !question.Supporting.Any(document => other.Id.Contains(document, StringComparison.Ordinal))))
                {
                    IReadOnlyList<NumberedPassage> numbered = [.. passages.Select(passage => new NumberedPassage(passage.Number, 0, passage.Number, TestPassages.Passage(passage.Id, passage.Text, passage.Title)))];
                    swapped++;
                    droppedSwapped += CitedText.Parse($"{text} [{other.Number}]").Check(numbered, known, []).Dropped;
                }
            }

            if (answer.IsNotFound)
            {
                continue;
            }

            var kept = answer.Citations.Select(citation => citation.PassageId).ToHashSet(StringComparer.Ordinal);
            foreach (var id in model.Cited.Distinct())
            {
                var isRight = question.Supporting.Any(document => id.Contains(document, StringComparison.Ordinal));
                (right, wrong) = isRight ? (right + 1, wrong) : (right, wrong + 1);
                keptWrong += !isRight && kept.Contains(id) ? 1 : 0;
                if (isRight && !kept.Contains(id))
                {
                    lost.Add($"{question.Id} '{answer.Text}' {id}");
                }
            }
        }

        TestContext.Current.SendDiagnosticMessage("{0} {1}: {2} right citations, {3} lost; {4} others, {5} kept; of {6} citations moved to another passage {7} dropped", file, strategy, right, lost.Count, wrong, keptWrong, swapped, droppedSwapped);
        Assert.True(right >= atLeast, $"Only {right} citations to look at.");
        Assert.True(lost.Count == 0, $"{lost.Count} of {right} right citations were dropped ({keptWrong} of {wrong} others kept): {string.Join("; ", lost)}");
        Assert.True(droppedSwapped >= 0.7 * swapped, $"Only {droppedSwapped} of {swapped} citations that were moved to another passage of the prompt were dropped.");
    }

    /// <summary>Notes the passages that replies cite.</summary>
    private sealed class Recorder(IChatClient inner) : DelegatingChatClient(inner)
    {
        public List<string> Cited { get; } = [];

        public List<(string Reply, GroundedRequest Request)> Replies { get; } = [];

        public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            var request = GroundedRequest.From(options)!;
            lock (Cited)
            {
                Replies.Add((SelfAskReply.Parse(response.Text, SelfAskReply.IntermediateAnswer, SelfAskReply.FinalAnswer)?.Text ?? response.Text, request));
                Cited.AddRange(CitedText.Parse(response.Text).Numbers.Select(number => request.Passages.Single(passage => passage.Number == number).Id));
            }

            return response;
        }
    }
}
