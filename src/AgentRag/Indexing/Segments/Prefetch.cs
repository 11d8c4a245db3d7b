using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace AgentRag.Indexing.Segments;

/// <summary>Asks for memory before it is needed.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Asks for the line of the cache that a value begins in. Nothing happens on processors without such an instruction.</summary>
    public static void Line<T>(ref T value)
        where T : struct
    {
        if (Sse.IsSupported)
        {
            // Only a hint: whether the object moves meanwhile does not matter.
            Sse.Prefetch0(Unsafe.AsPointer(ref value));
        }
    }
}
