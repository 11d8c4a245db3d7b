namespace AgentRag.Tests.Fakes;

/// <summary>What happens to files on bad disks.</summary>
internal static class Damage
{
    /// <summary>A file cut off, with 512 bytes lost, with some appended, or with up to five bits turned.</summary>
    /// <param name="sound">The file; more than 512 bytes.</param>
    /// <param name="random">Chooses.</param>
    public static byte[] Of(byte[] sound, Random random)
    {
        byte[] changed = [.. sound];
        switch (random.Next(5))
        {
            case 0:
                return changed[..random.Next(changed.Length)];
            case 1:
                Array.Clear(changed, random.Next(changed.Length - 512), 512);
                return changed;
            case 2:
                return [.. changed, .. new byte[random.Next(1, 100)]];
            default:
                for (var flips = random.Next(1, 6); flips > 0; flips--)
                {
                    changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
                }

                return changed;
        }
    }
}
