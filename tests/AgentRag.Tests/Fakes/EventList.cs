using AgentRag.Answering;

namespace AgentRag.Tests.Fakes;

/// <summary>Keeps what it is told, in order and at once.</summary>
internal sealed class EventList(List<AnswerEvent> events) : IProgress<AnswerEvent>
{
    public void Report(AnswerEvent value) => events.Add(value);
}
