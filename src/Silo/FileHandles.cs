using System.Globalization;

namespace OrleansIoT.Silo;

/// <summary>What the system lets this process have open at a time: files, sockets, pipes.</summary>
internal static class FileHandles
{
    private const string LimitLine = "Max open files";

    /// <summary>The most that may be open; null if there is no limit that we know of. The runtime raises the soft one to the hard one.</summary>
    public static int? Limit()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(LimitLine, StringComparison.Ordinal));
        var soft = line?[LimitLine.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return int.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }

    /// <summary>How many are open.</summary>
    public static int Open() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
}
