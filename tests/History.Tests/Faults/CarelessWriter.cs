using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansIoT.History.Sqlite;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>
/// This assembly as a process that writes numbers, and says each as soon as it believes that it is stored; with or without
/// the syncs that make this true. What a power cut must show.
/// </summary>
internal static class CarelessWriter
{
    public const string Verb = "careless-writer";

    public static Process Start(string writer, string directory, (string Name, string Value)[] environment)
    {
        var info = new ProcessStartInfo("dotnet", [typeof(CarelessWriter).Assembly.Location, Verb, writer, directory])
        {
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        return Process.Start(info)!;
    }

    /// <summary>Writes until it is killed.</summary>
    public static void Run(string writer, string directory)
    {
        if (writer.StartsWith("sqlite", StringComparison.Ordinal))
        {
            WriteRows(writer["sqlite-".Length..], directory);
        }
        else
        {
            WriteLines(writer, directory);
        }
    }

    /// <summary>How many numbers are there.</summary>
    public static long Count(string writer, string directory)
    {
        var path = PathIn(directory);
        if (!File.Exists(path))
        {
            return 0;
        }

        if (!writer.StartsWith("sqlite", StringComparison.Ordinal))
        {
            return File.ReadLines(path).Count();
        }

        using var connection = Connection.OpenWriter(path);
        using var tables = connection.Prepare("SELECT count(*) FROM sqlite_schema");
        tables.Step();
        if (tables.Int64(0) == 0)
        {
            return 0;
        }

        using var rows = connection.Prepare("SELECT count(*) FROM number");
        return rows.Step() ? rows.Int64(0) : 0;
    }

    private static void WriteRows(string synchronous, string directory)
    {
        File.Create(PathIn(directory)).Dispose();
        using var connection = Connection.OpenWriter(PathIn(directory));
        connection.TextPragma("journal_mode = WAL");
        connection.Execute($"PRAGMA synchronous = {synchronous}");
        connection.Execute("CREATE TABLE number (n INTEGER)");
        for (var n = 1L; ; n++)
        {
            connection.Prepare("INSERT INTO number VALUES (?1)").Bind(1, n).Run();
            Say(n);
        }
    }

    private static void WriteLines(string writer, string directory)
    {
        using var file = File.Create(PathIn(directory));

        // Opening it makes the names in it durable.
        using var names = writer == "file-unnamed" ? null : DataDirectory.Open(directory, NullLogger<DataDirectory>.Instance);

        for (var n = 1L; ; n++)
        {
            file.Write("1\n"u8);
            file.Flush(flushToDisk: writer != "file-unsynced");
            Say(n);
        }
    }

    private static string PathIn(string directory) => Path.Combine(directory, "numbers");

    private static void Say(long n) => Console.WriteLine(n.ToString(CultureInfo.InvariantCulture));
}
