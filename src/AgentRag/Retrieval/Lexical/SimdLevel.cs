using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AgentRag.Retrieval.Lexical;

/// <summary>How wide the processor's vectors are that a search may use. All levels give the same results.</summary>
internal enum SimdLevel
{
    /// <summary>No vectors of a certain processor.</summary>
    Portable,

    /// <summary>256 bits: AVX2.</summary>
    Vector256,

    /// <summary>512 bits: AVX-512 BW.</summary>
    Vector512,
}

/// <summary>What this processor can do.</summary>
internal static class SimdLevels
{
    public static SimdLevel Best { get; } = Avx512BW.IsSupported && Vector512.IsHardwareAccelerated ? SimdLevel.Vector512
        : Avx2.IsSupported ? SimdLevel.Vector256
        : SimdLevel.Portable;
}
