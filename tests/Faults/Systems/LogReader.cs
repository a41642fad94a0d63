using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Systems;

/// <summary>What processes log from a moment on.</summary>
internal sealed class LogReader
{
    private readonly IReadOnlyList<(string Process, string File, long Begin)> _logs;

    private LogReader(IReadOnlyList<(string, string, long)> logs) => _logs = logs;

    public static LogReader Begin(IEnumerable<(string Process, string File)> logs) =>
        new([.. logs.Select(log => (log.Process, log.File, new FileInfo(log.File).Length))]);

    public IReadOnlyList<LogLine> Since() => [.. _logs.SelectMany(log => Lines(log.Process, log.File, log.Begin))];

    private static List<LogLine> Lines(string process, string file, long begin)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Position = begin;
        using var reader = new StreamReader(stream);
        var lines = new List<LogLine>();
        while (reader.ReadLine() is { } line)
        {
            lines.Add(new LogLine(process, line));
        }

        return lines;
    }
}
