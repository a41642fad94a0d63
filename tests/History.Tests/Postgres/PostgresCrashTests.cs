using System.Diagnostics;
using OrleansIoT.Fixtures;
using OrleansIoT.History.Tests.Sessions;
using OrleansIoT.History.Tests.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Postgres;

/// <summary>The process that writes and the server behind it are killed under load; TEST_KILLS=n does it more often.</summary>
public sealed class PostgresCrashTests
{
    private const int Topics = 8;

    private static readonly int QueueMessages = new HistoryOptions().SessionQueueMessages;

    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("TEST_KILLS") ?? "4");

    [Fact]
    public async Task What_was_acknowledged_before_a_kill_of_the_process_is_stored_and_queued_without_gaps()
    {
        await using var store = new PostgresTestStore();
        var random = new Random(20_260_302);
        var acknowledged = new long[Topics];
        for (var kill = 0; kill < Kills; kill++)
        {
            using var appender = Start(store.ConnectionString);
            await Hear(appender, acknowledged, random.Next(50, 1_000));
            appender.Kill();
            await HearTheRest(appender, acknowledged);
            await HoldsAll(store, acknowledged);
        }
    }

    [Fact]
    public async Task What_was_acknowledged_before_a_kill_of_the_server_is_stored_and_the_process_goes_on()
    {
        using var server = new PostgresServer();
        await using var store = new PostgresTestStore(options => options.ServerPatience = TimeSpan.FromSeconds(30), server: server);
        var random = new Random(20_260_303);
        var acknowledged = new long[Topics];
        using var appender = Start(store.ConnectionString);
        for (var kill = 0; kill < Kills; kill++)
        {
            await Hear(appender, acknowledged, random.Next(50, 1_000));
            if (kill % 2 == 0)
            {
                server.Kill();
            }
            else
            {
                server.StopImmediately();
            }

            server.Start();
        }

        await Hear(appender, acknowledged, 50);
        appender.StandardInput.Close();
        await HearTheRest(appender, acknowledged);
        Assert.Equal(0, appender.ExitCode);
        await HoldsAll(store, acknowledged);
    }

    private static Process Start(string connection) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(PostgresCrashTests).Assembly.Location, connection, $"{Topics}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

    private static async Task Hear(Process appender, long[] acknowledged, int enough)
    {
        for (var before = acknowledged.Sum(); acknowledged.Sum() - before < enough;)
        {
            Note(await appender.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException("The appender has ended."), acknowledged);
        }
    }

    private static async Task HearTheRest(Process appender, long[] acknowledged)
    {
        while (await appender.StandardOutput.ReadLineAsync() is { } line)
        {
            Note(line, acknowledged);
        }

        await appender.WaitForExitAsync();
    }

    private static void Note(string line, long[] acknowledged)
    {
        if (line.Split(' ') is ["stored", var topic, var seq, var number])
        {
            // Every reading is queued once, in the same transaction, so that both have the same number.
            Assert.Equal(seq, number);
            acknowledged[int.Parse(topic)] = long.Parse(seq);
        }
    }

    private static async Task HoldsAll(PostgresTestStore store, long[] acknowledged)
    {
        for (var topic = 0; topic < Topics; topic++)
        {
            var key = Appender.TopicKey(topic);

            // What a killed process had sent is still under way: its transaction ends when the server gets to it.
            var last = (await store.History.ReadTopicTail(key)).LastSeq;
            var stored = (await store.History.ReadAll(key)).Where(m => m.Seq <= last).OrderBy(m => m.Seq).ToList();
            Assert.True(last >= acknowledged[topic], $"{last} of {acknowledged[topic]} acknowledged");
            Assert.Equal(
                Enumerable.Range(1, (int)last).Select(seq => ((long)seq, Appender.Payload(topic, seq))),
                stored.Select(m => (m.Seq, m.Text())));

            // A queue keeps the newest of them.
            var queued = await store.Sessions.ReadWhole(Appender.SessionKey(topic));
            Assert.True(queued.Count >= Math.Min(last, QueueMessages), $"{queued.Count} queued of {last} stored");
            Assert.Equal(
                stored.Where(m => m.Seq >= queued[0].Number).Select(m => (m.Seq, m.Text())),
                queued.Where(q => q.Number <= last).Select(q => (q.Number, q.Message!.Text())));
        }
    }
}
