namespace AgentRag.Demonstrations;

/// <summary>Which demonstrations of a pool a question gets.</summary>
public enum DemonstrationSelection
{
    /// <summary>The first m of the pool, the same for every question: the prompt's beginning stays byte-identical, and providers cache it.</summary>
    Fixed,

    /// <summary>m of the pool in an order drawn by a seed, also the same for every question.</summary>
    Random,

    /// <summary>The m whose questions are most like the question asked, the nearest first.</summary>
    Nearest,

    /// <summary>m that are like the question asked and unlike each other (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998).</summary>
    Diverse,
}
