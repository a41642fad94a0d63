using System.Collections.Immutable;
using System.Diagnostics;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Appenders that each wait for their commit before they go on, over topics that all exist, at random.</summary>
internal sealed class HistoryLoad : IDisposable
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.2);

    private readonly OpenStore _store;
    private readonly Feed[] _topics;

    private HistoryLoad(OpenStore store, int topics)
    {
        _store = store;
        _topics = [.. Enumerable.Range(0, topics).Select(number => new Feed(number))];
    }

    public static async Task<HistoryLoad> Open(string directory, int topics)
    {
        var load = new HistoryLoad(new OpenStore(directory), topics);
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

    public void Dispose() => _store.Dispose();

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
            return _store.History.Append(topic.Key, messages[0].Seq, messages);
        }
    }
}
