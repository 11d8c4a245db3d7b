using AgentRag.Prompting;
using AgentRag.Retrieval;

namespace AgentRag.Answering;

/// <summary>Something that happened while a question was answered.</summary>
public abstract record AnswerEvent;

/// <summary>Passages were retrieved.</summary>
/// <param name="Query">The query the retriever got.</param>
/// <param name="Passages">What it returned, best first.</param>
/// <param name="NewPassages">How many of them were not held before.</param>
public sealed record PassagesRetrieved(string Query, IReadOnlyList<RankedPassage> Passages, int NewPassages) : AnswerEvent;

/// <summary>A prompt is about to be sent.</summary>
/// <param name="Purpose">What it asks for, as in <see cref="TracedRequest.Purpose"/>.</param>
/// <param name="PromptTokens">Its input tokens.</param>
/// <param name="SpentTokens">Effective context tokens so far, this prompt included.</param>
/// <param name="Trimmed">What was left out of it.</param>
public sealed record RequestSent(string Purpose, int PromptTokens, long SpentTokens, TrimmedContent Trimmed) : AnswerEvent;

/// <summary>The model asked a sub-query.</summary>
/// <param name="Iteration">The iteration it opens, from 1.</param>
/// <param name="SubQuery">The sub-query.</param>
public sealed record SubQueryAsked(int Iteration, string SubQuery) : AnswerEvent;

/// <summary>The model answered a sub-query.</summary>
/// <param name="Iteration">The iteration it closes, from 1.</param>
/// <param name="IntermediateAnswer">The answer.</param>
public sealed record SubQueryAnswered(int Iteration, string IntermediateAnswer) : AnswerEvent;

/// <summary>The question was answered; always the last event.</summary>
/// <param name="Answer">The answer.</param>
public sealed record Answered(Answer Answer) : AnswerEvent;
