using System.Diagnostics;
using OrleansIoT.History.Sqlite;
using OrleansIoT.History.Tests.Faults;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Telemetry;

public sealed class CrashTests
{
    [StraceFact]
    public async Task Every_acknowledgement_leaves_after_an_fsync_that_succeeded_and_a_failed_one_is_refused()
    {
        var directory = Directory.CreateDirectory(TestStore.NewDirectory()).FullName; // strace does not make one for its file
        var trace = directory + ".strace";
        var acknowledged = new long[1];

        // One appender, so that the calls of the kernel are in one order: sync, acknowledgement, sync, … Of the writer's
        // syncs the 60th to 99th fail, as those of a dying disk do.
        using var appender = Start(
            "strace", "-f", "-qq", "-o", trace, "-e", "trace=fsync,fdatasync,write",
            "-e", "inject=fsync,fdatasync:error=EIO:when=60..99", "dotnet", ThisAssembly, directory, "1");
        var refused = 0;
        var storedAfterwards = 0;
        while (storedAfterwards < 100)
        {
            if (!Hear(await appender.StandardOutput.ReadLineAsync(), acknowledged))
            {
                refused++;
            }
            else if (refused > 0)
            {
                storedAfterwards++;
            }
        }

        appender.StandardInput.Close();
        while (await appender.StandardOutput.ReadLineAsync() is { } line)
        {
            Hear(line, acknowledged);
        }

        await appender.WaitForExitAsync();
        Assert.Equal(0, appender.ExitCode);
        Assert.Equal(40, refused);
        var stored = acknowledged[0];
        await AppenderProcess.MustHold(directory, acknowledged);

        var isSynced = false;
        var acknowledgements = 0;
        foreach (var call in await File.ReadAllLinesAsync(trace))
        {
            if (call.Contains("\"stored ", StringComparison.Ordinal))
            {
                Assert.True(isSynced, call);
                isSynced = false;
                acknowledgements++;
            }
            else if (call.Contains("sync", StringComparison.Ordinal) && call.Contains(" = ", StringComparison.Ordinal))
            {
                isSynced = call.EndsWith(" = 0", StringComparison.Ordinal);
            }
        }

        Assert.Equal(stored, acknowledgements);
        Directory.Delete(directory, recursive: true);
        File.Delete(trace);
    }

    [Fact]
    public async Task A_copy_of_the_files_of_a_running_store_has_what_was_acknowledged()
    {
        const string Topic = "default/t";
        await using var running = new TestStore();
        await running.History.Append(Topic, 1, Some(Topic, 100));

        var directory = running.CopyFiles();
        await using (var copy = new TestStore(directory: directory))
        {
            Assert.Equal(100, (await copy.History.ReadAll(Topic)).Count);
            Assert.Contains(copy.Log, line => line.Contains("was not closed cleanly", StringComparison.Ordinal));
            await copy.History.Append(Topic, 101, Some(Topic, 1));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task No_row_of_the_log_gets_the_id_of_one_that_has_been_taken_out()
    {
        await using var store = new TestStore();
        for (var i = 1; i <= 3; i++)
        {
            await store.History.Append("default/t", i, Some("default/t", 1));
            var last = await store.Database.Read(LastRow);
            Assert.Equal(i, last);
            await store.Database.Compact();
        }

        static long LastRow(Connection connection)
        {
            using var row = connection.Prepare("SELECT max(id) FROM log");
            row.Step();
            return row.Int64(0);
        }
    }

    [Fact]
    public async Task A_clean_stop_leaves_one_file_of_the_database_and_nothing_to_check()
    {
        await using var store = new TestStore();
        await store.History.Append("default/t", 1, Some("default/t", 10));

        await store.Close();
        Assert.Equal([store.DatabaseFile], Directory.GetFiles(store.Directory, SqliteDatabase.FileName + "*"));

        await store.Reopen();
        Assert.Empty(store.Log);
    }

    private static string ThisAssembly => typeof(CrashTests).Assembly.Location;

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

    /// <returns>Whether it says that something was stored.</returns>
    private static bool Hear(string? line, long[] acknowledged)
    {
        var words = (line ?? throw new EndOfStreamException("The appender has ended.")).Split(' ');
        if (words[0] != "stored")
        {
            return false;
        }

        // Every reading is queued once, in the same transaction, so that both have the same number.
        Assert.Equal(words[2], words[3]);
        acknowledged[int.Parse(words[1])] = long.Parse(words[2]);
        return true;
    }
}
