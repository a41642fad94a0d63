using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.History;
using OrleansIoT.History.Postgres;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Appenders that each wait for their commit before they go on, over topics that all exist, at random.</summary>
internal sealed class HistoryLoad : IAsyncDisposable
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.2);

    private readonly ServiceProvider _services;
    private readonly ITelemetryHistory _history;
    private readonly Feed[] _topics;

    private HistoryLoad(ServiceProvider services, int topics)
    {
        _services = services;
        _history = services.GetRequiredService<ITelemetryHistory>();
        _topics = [.. Enumerable.Range(0, topics).Select(number => new Feed(number))];
    }

    public static Task<HistoryLoad> Open(string directory, int topics) =>
        Open(new ServiceCollection().AddLogging().AddSqliteHistory(directory), topics);

    /// <param name="connection">Of an empty PostgreSQL database.</param>
    public static Task<HistoryLoad> OpenPostgres(string connection, string directory, int topics) =>
        Open(new ServiceCollection().AddLogging().AddPostgresHistory(connection, directory), topics);

    private static async Task<HistoryLoad> Open(IServiceCollection services, int topics)
    {
        var load = new HistoryLoad(services.BuildServiceProvider(), topics);
        await Task.WhenAll(Enumerable.Range(0, topics).Select(topic => load.Append(topic, 1)));
        return load;
    }

    public async Task<Measured> Run(int appenders, int batch)
    {
        var begin = Stopwatch.GetTimestamp();
        var from = begin + (long)(WarmUp.TotalSeconds * Stopwatch.Frequency);
        var to = from + (long)(Baselines.RunTime.TotalSeconds * Stopwatch.Frequency);
        var waits = await Task.WhenAll(
            Enumerable.Range(0, appenders).Select(appender => Task.Run(() => AppendUntil(appender, batch, from, to))));
        var all = waits.SelectMany(own => own).ToList();
        return Measured.Of((long)all.Count * batch, Baselines.RunTime, all);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private async Task<List<double>> AppendUntil(int seed, int batch, long from, long to)
    {
        var waits = new List<double>();
        var random = new Random(seed);
        while (true)
        {
            var started = Stopwatch.GetTimestamp();
            await Append(random.Next(_topics.Length), batch);
            var ended = Stopwatch.GetTimestamp();
            if (ended > to)
            {
                return waits;
            }

            if (started >= from)
            {
                waits.Add(Stopwatch.GetElapsedTime(started, ended).TotalMilliseconds);
            }
        }
    }

    private Task<ImmutableArray<long>> Append(int index, int batch)
    {
        var topic = _topics[index];

        // Queued in the order of the numbers; the wait is outside, as a grain that interleaves does it.
        lock (topic)
        {
            var messages = topic.Next(batch);
            return _history.Append(topic.Key, messages[0].Seq, messages);
        }
    }
}
