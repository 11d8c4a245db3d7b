using AgentRag.Decoding.Weights;

namespace AgentRag.Decoding.Kernels;

/// <summary>Products of packed matrices with activations.</summary>
internal static unsafe class MatrixKernels
{
    /// <summary>Multiplies one group of 16 rows with some tokens.</summary>
    /// <param name="set">Which instructions to use; the result is the same.</param>
    /// <param name="matrix">The weights.</param>
    /// <param name="group">Which rows.</param>
    /// <param name="x">Activations; for an integer matrix with their codes made.</param>
    /// <param name="firstToken">The first row of <paramref name="x"/>.</param>
    /// <param name="tokens">How many rows, ≥ 1.</param>
    /// <param name="output">For each token 16 results.</param>
    /// <param name="stride">From one token's results to the next.</param>
    public static void Multiply(InstructionSet set, PackedMatrix matrix, int group, Activations x, int firstToken, int tokens, float* output, long stride)
    {
        var codes = matrix.Codes(group);
        var scales = matrix.Scales(group);
        switch (matrix.Type)
        {
            case TensorType.F32: Float<F32Format>(set, codes, x, firstToken, tokens, output, stride); break;
            case TensorType.F16: Float<F16Format>(set, codes, x, firstToken, tokens, output, stride); break;
            case TensorType.BF16: Float<BF16Format>(set, codes, x, firstToken, tokens, output, stride); break;
            case TensorType.Q8_0: Integer<Q8Format>(set, codes, scales, x, firstToken, tokens, output, stride); break;
            case TensorType.Q4_0: Integer<Q4Format>(set, codes, scales, x, firstToken, tokens, output, stride); break;
            case TensorType.Q4_K: Integer<Q4KFormat>(set, codes, scales, x, firstToken, tokens, output, stride); break;
            case TensorType.Q6_K: Integer<Q6KFormat>(set, codes, scales, x, firstToken, tokens, output, stride); break;
            default: throw new ArgumentOutOfRangeException(nameof(matrix), matrix.Type, "No such tensor type.");
        }
    }

    private static void Float<TFormat>(InstructionSet set, byte* weights, Activations x, int firstToken, int tokens, float* output, long stride)
        where TFormat : struct, IFloatFormat
    {
        if (set == InstructionSet.Avx512)
        {
            FloatKernel<TFormat>.Multiply512(weights, x, firstToken, tokens, output, stride);
        }
        else
        {
            FloatKernel<TFormat>.Multiply256(weights, x, firstToken, tokens, output, stride);
        }
    }

    private static void Integer<TFormat>(InstructionSet set, byte* codes, byte* scales, Activations x, int firstToken, int tokens, float* output, long stride)
        where TFormat : struct, IIntegerFormat
    {
        switch (set)
        {
            case InstructionSet.AvxVnni or InstructionSet.Avx512:
                IntegerKernel<VnniDot, TFormat>.Multiply(codes, scales, x, firstToken, tokens, output, stride);
                break;
            case InstructionSet.Avx2:
                IntegerKernel<Avx2Dot, TFormat>.Multiply(codes, scales, x, firstToken, tokens, output, stride);
                break;
            default:
                PortableIntegerKernel<TFormat>.Multiply(codes, scales, x, firstToken, tokens, output, stride);
                break;
        }
    }
}
