using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.History.Postgres;
using OrleansIoT.History.Tests.Faults;
using OrleansIoT.Sessions;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests;

/// <summary>
/// This assembly as a process to be killed: appends to a number of topics of a directory, or of a database when the first
/// argument is a connection string, and to the queue of a session for each topic. It says on a line
/// <c>stored {topic} {seq} {number in the queue}</c> what was acknowledged, or <c>refused {topic} {seq}</c>. It ends when its
/// input does. With a third argument it keeps only so many bytes of chunks, and looks every second; then nothing is late.
/// </summary>
internal static class Appender
{
    public static string TopicKey(int topic) => $"default/topic/{topic}";

    public static string SessionKey(int topic) => $"default/meter-7/{topic}";

    public static string Payload(int topic, long seq) => $"reading {seq} of {topic} {new string('.', (int)(seq % 50))}";

    /// <summary>Mostly in order; every seventh is late.</summary>
    public static DateTimeOffset At(double seq) => Noon.AddSeconds(seq % 7 == 0 ? seq - 100 : seq);

    public static async Task Main(string[] args)
    {
        if (args is [CarelessWriter.Verb, var writer, var directory])
        {
            CarelessWriter.Run(writer, directory);
        }

        CrashPoint.Check(Environment.GetEnvironmentVariable(CrashPoint.Variable));
        var logging = new ServiceCollection().AddLogging().Configure<HistoryOptions>(options => Configure(options, args));
        await using var services = (args[0].Contains('=', StringComparison.Ordinal)
            ? logging.AddPostgresHistory(args[0], TestStore.NewDirectory())
            : logging.AddSqliteHistory(args[0])).BuildServiceProvider();
        var history = services.GetRequiredService<ITelemetryHistory>();
        var sessions = services.GetRequiredService<ISessionStore>();
        var topics = Enumerable.Range(0, int.Parse(args[1])).ToArray();
        await Task.WhenAll(topics.Select(topic => sessions.Open(SessionKey(topic), $"{topic}", uint.MaxValue, null, isNew: false)));
        using var stop = new CancellationTokenSource();
        using var output = Console.OpenStandardOutput();
        var appending = Task.WhenAll(topics.Select(topic => Append(topic, history, args.Length == 3 ? Noon.AddSeconds : At, output, stop.Token)));
        await Console.In.ReadLineAsync(stop.Token);
        await stop.CancelAsync();
        await appending;
    }

    private static void Configure(HistoryOptions options, string[] args)
    {
        options.LogBytes = 64 << 10; // so that readings are moved out of it all the time
        if (args is [_, _, var bytes])
        {
            options.LogBytes = 16 << 10;
            options.Retention = [new RetentionRule { MaxBytes = long.Parse(bytes) }];
            options.RetentionInterval = TimeSpan.FromSeconds(1);
        }
    }

    private static async Task Append(
        int topic, ITelemetryHistory history, Func<double, DateTimeOffset> at, Stream output, CancellationToken stop)
    {
        var key = TopicKey(topic);
        var last = (await history.ReadTopicTail(key, stop)).LastSeq;
        while (!stop.IsCancellationRequested)
        {
            var batch = Enumerable.Range(1, 1 + topic % 3)
                .Select(i => Reading(key, Payload(topic, last + i), at(last + i))).ToArray();
            try
            {
                var queued = batch.Select((_, i) => new Enqueue(SessionKey(topic), i, Qos.ExactlyOnce, false, []));
                var numbers = await history.Append(key, last + 1, batch, new AppendEffects([.. queued], null, false));
                last += batch.Length;
                Say(output, $"stored {topic} {last} {numbers[^1]}");
            }
            catch (FailureException)
            {
                Say(output, $"refused {topic} {last + 1}");
            }
            catch (SequenceConflictException)
            {
                last = (await history.ReadTopicTail(key, CancellationToken.None)).LastSeq;
            }
        }
    }

    private static void Say(Stream output, string line)
    {
        lock (output)
        {
            output.Write(Encoding.UTF8.GetBytes(line + "\n"));
            output.Flush();
        }
    }
}
