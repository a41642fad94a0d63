using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// Whose rights have changed, heard from <see cref="IRevocationsGrain"/> every second. Who remembers that somebody was let
/// in keeps the <see cref="Stamp"/> of before it asked, and asks again when it is another one. While nothing is heard,
/// nothing is remembered: every request asks.
/// </summary>
internal sealed partial class Revocations(IGrainFactory grains, TimeProvider clock, ILogger<Revocations> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>With the interval and the time of a request this stays below the five seconds that are promised.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private const int MaxHolders = 10_000;

    private readonly ConcurrentDictionary<string, long> _stamps = new();
    private Guid _epoch;
    private long _version;
    private long _stamp;
    private long _everybody;
    private long _heardAt;
    private bool _isDeaf = true;

    /// <summary>Whether what was heard is fresh enough to rely on.</summary>
    public bool IsFresh => !Volatile.Read(ref _isDeaf) && clock.GetElapsedTime(Volatile.Read(ref _heardAt)) < Patience;

    /// <summary>A greater value than before: the rights of this holder may have changed.</summary>
    /// <param name="holder">As <see cref="HolderOf"/> makes it, of the subject.</param>
    /// <param name="tenant">Likewise, of everybody of its tenant: with an empty subject.</param>
    public long Stamp(string holder, string tenant) => Math.Max(
        Volatile.Read(ref _everybody), Math.Max(_stamps.GetValueOrDefault(holder), _stamps.GetValueOrDefault(tenant)));

    /// <summary>One poll. Failures of the grain are for the caller.</summary>
    public async Task Listen()
    {
        var asked = clock.GetTimestamp();
        Caller.SigningIn(GrainKey.SystemTenant, "gateway").Enter();
        var news = await grains.Revocations().Since(_epoch, _version);
        if (!news.IsComplete || _stamps.Count > MaxHolders)
        {
            _stamps.Clear();
            Volatile.Write(ref _everybody, ++_stamp);
        }

        foreach (var holder in news.Holders)
        {
            _stamps[holder] = ++_stamp;
        }

        (_epoch, _version) = (news.Epoch, news.Version);
        Volatile.Write(ref _heardAt, asked);
        Volatile.Write(ref _isDeaf, false);
    }

    public static string HolderOf(string tenant, string subject) => $"{tenant}/{subject}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var isFailing = false;
        try
        {
            do
            {
                try
                {
                    await Listen();
                    isFailing = false;
                }
                catch (Exception e)
                {
                    if (!isFailing && !stoppingToken.IsCancellationRequested)
                    {
                        isFailing = true;
                        LogDeaf(logger, e);
                    }
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Revocations are not heard of, so every request asks for itself")]
    private static partial void LogDeaf(ILogger logger, Exception exception);
}
