namespace OrleansIoT.History.Tests.Faults;

/// <summary>What disks, cables and copies do to a file.</summary>
internal static class Damage
{
    private const int Page = 4_096;

    /// <summary>A copy of the database's files in a directory of its own.</summary>
    public static string Copy(string directory)
    {
        var copy = Directory.CreateDirectory(TestStore.NewDirectory()).FullName;
        foreach (var file in Directory.GetFiles(directory, "iot.db*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>Changes one bit of the last so many bytes.</summary>
    public static string FlipBit(string file, Random random, long ofLast)
    {
        var bytes = File.ReadAllBytes(file);
        var at = bytes.Length - 1 - random.NextInt64(Math.Min(ofLast, bytes.Length));
        bytes[at] ^= (byte)(1 << random.Next(8));
        File.WriteAllBytes(file, bytes);
        return $"a bit at {at} of {bytes.Length}";
    }

    public static string Truncate(string file, Random random, long ofLast)
    {
        using var open = File.OpenWrite(file);
        open.SetLength(open.Length - 1 - random.NextInt64(Math.Min(ofLast, open.Length)));
        return $"cut off at {open.Length}";
    }

    /// <summary>Fills a page with zeros, as a disk does that has lost it.</summary>
    public static string ZeroPage(string file, Random random, long ofLast)
    {
        using var open = File.OpenWrite(file);
        open.Position = (open.Length - 1 - random.NextInt64(Math.Min(ofLast, open.Length))) / Page * Page;
        var at = open.Position;
        open.Write(new byte[Math.Min(Page, open.Length - at)]);
        return $"zeros at {at} of {open.Length}";
    }

    /// <summary>Adds what was never written there.</summary>
    public static string AddGarbage(string file, Random random)
    {
        var garbage = new byte[random.Next(1, 3 * Page)];
        random.NextBytes(garbage);
        using var open = new FileStream(file, FileMode.Append);
        open.Write(garbage);
        return $"{garbage.Length} bytes of garbage";
    }
}
