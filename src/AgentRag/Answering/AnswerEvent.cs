using AgentRag.Prompting;
using AgentRag.Retrieval;

namespace AgentRag.Answering;

/// <summary>Something that happened while a question was answered.</summary>
public abstract record AnswerEvent;

/// <summary>How the question will be answered: always the first event, and again when a strategy has made sub-queries of it.</summary>
/// <param name="Strategy">The strategy.</param>
/// <param name="Parameters">k, m and n as asked for.</param>
/// <param name="SubQueries">Sub-queries known beforehand; empty when there are none, or when they come one by one.</param>
public sealed record Planned(string Strategy, InferenceParameters Parameters, IReadOnlyList<string> SubQueries) : AnswerEvent;

/// <summary>The question was put into other words before it was worked on.</summary>
/// <param name="Question">The question as it is worked on.</param>
/// <param name="Searches">The words the first retrieval searches for; empty when it is the question itself.</param>
public sealed record QuestionRewritten(string Question, IReadOnlyList<string> Searches) : AnswerEvent;

/// <summary>An earlier question asks nearly the same; its answer is given.</summary>
/// <param name="EarlierQuestion">The earlier question.</param>
/// <param name="Similarity">How alike they are, in (0, 1].</param>
public sealed record SimilarQuestionFound(string EarlierQuestion, double Similarity) : AnswerEvent;

/// <summary>Passages were retrieved.</summary>
/// <param name="Query">The query the retriever got.</param>
/// <param name="Passages">What it returned, best first, each text once; where the question held the text already, the passage that it holds.</param>
/// <param name="NewPassages">How many of them were not held before.</param>
public sealed record PassagesRetrieved(string Query, IReadOnlyList<RankedPassage> Passages, int NewPassages) : AnswerEvent
{
    /// <summary>Passages of this retrieval, none of them met before, that were left out because another one says the same; ≥ 0.</summary>
    public int Duplicates { get; init; }
}

/// <summary>A prompt had to be cut to fit; told before it is sent.</summary>
/// <param name="Purpose">What it asks for, as in <see cref="TracedRequest.Purpose"/>.</param>
/// <param name="Trimmed">What was left out of it.</param>
public sealed record ContentTrimmed(string Purpose, TrimmedContent Trimmed) : AnswerEvent;

/// <summary>A prompt is about to be sent.</summary>
/// <param name="Purpose">What it asks for, as in <see cref="TracedRequest.Purpose"/>.</param>
/// <param name="PromptTokens">Its input tokens.</param>
/// <param name="SpentTokens">Effective context tokens so far, this prompt included.</param>
public sealed record RequestSent(string Purpose, int PromptTokens, long SpentTokens) : AnswerEvent;

/// <summary>The model wrote a piece of the final answer. Only when the request asks for it (<see cref="AnswerRequest.StreamsText"/>).</summary>
/// <param name="Text">The piece, without Self-Ask prefix and citation marks. All pieces make up the answer's text, unless the reply had to be mended.</param>
public sealed record TextStreamed(string Text) : AnswerEvent;

/// <summary>The model asked a sub-query.</summary>
/// <param name="Iteration">The iteration it opens, from 1.</param>
/// <param name="SubQuery">The sub-query.</param>
public sealed record SubQueryAsked(int Iteration, string SubQuery) : AnswerEvent;

/// <summary>The model answered a sub-query.</summary>
/// <param name="Iteration">The iteration it closes, from 1.</param>
/// <param name="IntermediateAnswer">The answer.</param>
public sealed record SubQueryAnswered(int Iteration, string IntermediateAnswer) : AnswerEvent;

/// <summary>A reply came; what all of them have cost so far.</summary>
/// <param name="Usage">The totals.</param>
public sealed record UsageReported(AnswerUsage Usage) : AnswerEvent;

/// <summary>The question was answered; always the last event.</summary>
/// <param name="Answer">The answer.</param>
public sealed record Answered(Answer Answer) : AnswerEvent;
