using System.Collections.Immutable;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// A client's grain may leave memory while its client is connected, because its silo ends or dies. Nothing of a connection without
/// subscriptions is in that memory only, so the next activation is told of it and it goes on: its client, which may be far away
/// and on a battery, hears nothing of it. Every other connection ends, and its client connects anew.
/// </summary>
internal sealed partial class DeviceSession
{
    /// <summary>How long what is not answered is given to the next activation, or the one after that: less than a device waits for PUBACK.</summary>
    private static readonly TimeSpan ResumeLimit = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan ResumePause = TimeSpan.FromMilliseconds(200);

    private Will? _will;
    private DateTimeOffset _since;
    private ClientDisconnect? _goodbye;
    private Task<bool>? _resuming;

    public bool IsResuming => Volatile.Read(ref _resuming) is { IsCompleted: false };

    private bool MayResume => _subscriber is not null && _ending is null && _subscriptions is null or { Count: 0 };

    /// <summary>The client's grain is no more: it hears of the connection again, or the connection ends.</summary>
    /// <returns>Complete at once if it may go on; otherwise see <see cref="Expel"/>.</returns>
    public Task Resume()
    {
        if (!MayResume)
        {
            return Expel(ConnectionEnd.Forgotten);
        }

        _ = Resumed();
        return Task.CompletedTask;
    }

    /// <returns>Whether the client's grain knows the connection; if not, it ends.</returns>
    private Task<bool> Resumed()
    {
        lock (_gate)
        {
            return IsResuming ? _resuming! : _resuming = Task.Run(ResumeNow);
        }
    }

    private async Task<bool> ResumeNow()
    {
        try
        {
            await _edge.Handshakes.WaitAsync(); // no more at a time than might connect
            try
            {
                var session = await Open(_claim!, OpeningOf(_claim!, cleanStart: false) with { Since = _since });
                Silo = session.Silo ?? "";
            }
            finally
            {
                _edge.Handshakes.Release();
            }
        }
        catch (Exception e)
        {
            _ = Expel(e switch
            {
                FailureException { Failure: Failure.Conflict } => ConnectionEnd.TakenOver,
                FailureException { Failure: Failure.NotSignedIn } => ConnectionEnd.CredentialRevoked,
                _ => ConnectionEnd.Forgotten,
            });
            return false;
        }

        if (Volatile.Read(ref _goodbye) is { } goodbye)
        {
            await SignOut(_claim!, goodbye); // the connection ended meanwhile, and this may have come behind that
            return false;
        }

        _edge.Metrics.ConnectionResumed();
        return true;
    }

    /// <summary>Gives the messages to the client's grain, and to its next activation what the one before did not take, or may not have taken.</summary>
    private async ValueTask<PublishResult> Publish(ImmutableArray<TelemetryMessage> messages)
    {
        var began = _edge.Time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Volatile.Write(ref _storingSince, _edge.Time.GetTimestamp());
                return await _claim!.Grain.Publish(ConnectionId, messages);
            }
            catch (Exception e) when (MayPublishAgain(e, messages) && _edge.Time.GetElapsedTime(began) < ResumeLimit)
            {
                Volatile.Write(ref _storingSince, 0); // nothing is waited for that a silo has taken along
                if (attempt > 1)
                {
                    await Task.Delay(ResumePause, _edge.Time);
                }

                if (!await Resumed())
                {
                    throw;
                }
            }
        }
    }

    /// <summary>Likewise. It may be said twice.</summary>
    private async Task Release(ImmutableArray<ushort> ids)
    {
        try
        {
            await _claim!.Grain.Release(ConnectionId, ids);
        }
        catch (Exception e) when (MayResume && e is TimeoutException or OrleansException or FailureException { Failure: Failure.NotSignedIn })
        {
            if (!await Resumed())
            {
                throw;
            }

            await _claim!.Grain.Release(ConnectionId, ids);
        }
    }

    /// <summary>
    /// A grain that does not know the connection has stored nothing. Of what has no answer, which may be stored, only a reading
    /// with a time of its own is recognised when it comes again without DUP.
    /// </summary>
    private bool MayPublishAgain(Exception e, ImmutableArray<TelemetryMessage> messages) => MayResume && e switch
    {
        FailureException failure => failure.Failure == Failure.NotSignedIn && !IsExpired,
        TimeoutException or OrleansException => messages.All(message => message.HasOwnTime),
        _ => false,
    };
}
