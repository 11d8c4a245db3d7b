using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AgentRag.Decoding.Kernels;

/// <summary>Which processor instructions the kernels use. Results are the same bit for bit with each of them.</summary>
internal enum InstructionSet
{
    /// <summary>No instructions beyond what the runtime has on every processor.</summary>
    Portable,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>256-bit vectors with sums of four byte products.</summary>
    AvxVnni,

    /// <summary>The former, and 512-bit vectors for floating-point work.</summary>
    Avx512,
}

/// <summary>What this processor has.</summary>
internal static class InstructionSets
{
    /// <summary>All that can be used, the slowest first.</summary>
    public static IReadOnlyList<InstructionSet> Supported { get; } =
    [
        InstructionSet.Portable,
        .. (InstructionSet[])(Avx2.IsSupported && Fma.IsSupported ? [InstructionSet.Avx2] : []),
        .. (InstructionSet[])(AvxVnni.IsSupported && Fma.IsSupported ? [InstructionSet.AvxVnni] : []),
        .. (InstructionSet[])(AvxVnni.IsSupported && Vector512.IsHardwareAccelerated ? [InstructionSet.Avx512] : []),
    ];

    /// <summary>The fastest.</summary>
    public static InstructionSet Best => Supported[^1];
}
