using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Live;

/// <summary>The streams that there are. Once a second each of them is asked whether its time is over.</summary>
internal sealed class LiveStreams : IDisposable
{
    private readonly ConcurrentDictionary<LiveStream, string> _streams = new();
    private readonly Dictionary<string, int> _perCaller = [];
    private readonly Lock _gate = new();
    private readonly GatewayOptions _options;
    private readonly ITimer _sweep;
    private readonly CancellationTokenRegistration _stopping;
    private int _count;

    public LiveStreams(IOptions<GatewayOptions> options, TimeProvider clock, IHostApplicationLifetime life, GatewayMetrics metrics)
    {
        _options = options.Value;
        _sweep = clock.CreateTimer(_ => Sweep(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _stopping = life.ApplicationStopping.Register(Stop);
        metrics.ObserveStreams(() => Count);
    }

    public int Count => Volatile.Read(ref _count);

    /// <exception cref="FailureException">TooMany: the caller has as many as one may have. Unavailable: so has the gateway.</exception>
    public void Add(LiveStream stream)
    {
        var caller = NameOf(stream.Caller);
        lock (_gate)
        {
            if (_count >= _options.MaxStreams)
            {
                throw new FailureException(Failure.Unavailable, "This server has as many live streams as it takes. Try again later.");
            }

            var own = _perCaller.GetValueOrDefault(caller);
            if (own >= _options.MaxStreamsPerCaller)
            {
                throw new FailureException(Failure.TooMany,
                    $"A caller has at most {_options.MaxStreamsPerCaller} live streams; one stream may have many topics.");
            }

            _perCaller[caller] = own + 1;
            _count++;
        }

        _streams[stream] = caller;
    }

    public void Remove(LiveStream stream)
    {
        if (!_streams.TryRemove(stream, out var caller))
        {
            return;
        }

        lock (_gate)
        {
            _count--;
            if (--_perCaller[caller] == 0)
            {
                _perCaller.Remove(caller);
            }
        }
    }

    public void Dispose()
    {
        _sweep.Dispose();
        _stopping.Dispose();
    }

    private static string NameOf(Caller caller) => $"{caller.Tenant}/{caller.Kind}/{caller.Subject}";

    private void Sweep()
    {
        foreach (var (stream, _) in _streams)
        {
            stream.CheckTime();
        }
    }

    private void Stop()
    {
        foreach (var (stream, _) in _streams)
        {
            stream.End(StreamEnd.Stopping);
        }
    }
}
