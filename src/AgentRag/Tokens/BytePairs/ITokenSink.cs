using System.Buffers;

namespace AgentRag.Tokens.BytePairs;

/// <summary>Takes tokens in order.</summary>
internal interface ITokenSink
{
    void Add(int id);
}

/// <summary>Counts tokens.</summary>
internal struct CountingSink : ITokenSink
{
    public int Count;

    public void Add(int id) => Count++;
}

/// <summary>Writes tokens.</summary>
internal struct WritingSink(IBufferWriter<int> writer) : ITokenSink
{
    public readonly void Add(int id)
    {
        writer.GetSpan(1)[0] = id;
        writer.Advance(1);
    }
}
