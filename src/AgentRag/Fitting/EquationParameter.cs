namespace AgentRag.Fitting;

/// <summary>What is fitted: the weights of the linear part by what they weigh, then the two bounds of the link.</summary>
public enum EquationParameter
{
    /// <summary>c.</summary>
    Constant,

    /// <summary>a of log(k + ε).</summary>
    K,

    /// <summary>a of log(m + ε).</summary>
    M,

    /// <summary>a of log(n + ε).</summary>
    N,

    /// <summary>b of i_doc · log(k + ε).</summary>
    DocumentK,

    /// <summary>b of i_shot · log(m + ε).</summary>
    DemonstrationM,

    /// <summary>Weight of log²(k + ε); the quadratic variant alone has it.</summary>
    SquaredK,

    /// <summary>Weight of log²(m + ε); the quadratic variant alone has it.</summary>
    SquaredM,

    /// <summary>Weight of log²(n + ε); the quadratic variant alone has it.</summary>
    SquaredN,

    /// <summary>Range of the link.</summary>
    Range,

    /// <summary>Offset of the link.</summary>
    Offset,
}
