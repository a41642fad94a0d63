using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// A client's grain may leave memory while its client is connected, because its silo ends or dies. What a durable session has is stored,
/// and one without subscriptions has nothing, so the next activation is told of the connection and it goes on: its client, which may be
/// far away and on a battery, hears nothing of it. A connection whose subscriptions are in memory only may have missed something; it ends,
/// and its client connects anew.
/// </summary>
internal sealed partial class DeviceSession
{
    /// <summary>How long the next activation, or the one after that, is told.</summary>
    private static readonly TimeSpan ResumeLimit = TimeSpan.FromSeconds(8);

    /// <summary>And how long what is not answered is given to it: longer than it takes to find that a silo stands still, less than a device waits for PUBACK.</summary>
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ResumePause = TimeSpan.FromMilliseconds(200);

    /// <summary>Then the grain is told once more: the call may have gone to a silo that stands still.</summary>
    private static readonly TimeSpan ResumeImpatience = TimeSpan.FromSeconds(2);

    /// <summary>Then what was given to the activation before is not answered any more: the others would have said that they do not know it.</summary>
    private static readonly TimeSpan LastAnswer = TimeSpan.FromSeconds(1);

    /// <summary>In a cluster: complete when the answer to what was published last is not waited for any more.</summary>
    private TaskCompletionSource? _givenUp;

    private Will? _will;
    private DateTimeOffset _since;
    private ClientDisconnect? _goodbye;
    private Task<bool>? _resuming;
    private int _resumptions;

    public bool IsResuming => Volatile.Read(ref _resuming) is { IsCompleted: false };

    private bool MayResume => _subscriber is not null && _ending is null && (_isDurable || _subscriptions is null or { Count: 0 });

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
                var session = await SayAgain();
                var before = _grain!.CalledAs;
                _grain.CalledAs = session.CalledAs ?? ConnectionId;
                if (_grain.CalledAs != before)
                {
                    _ = GiveUpWhatStillWaits(_edge.Time.GetTimestamp());
                }

                Silo = session.Silo ?? "";
                if (session.IsDurable != _isDurable)
                {
                    throw new FailureException(Failure.Conflict, "The session is over.");
                }
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
        if (_isDurable)
        {
            _ = CatchUp();
        }

        return true;
    }

    /// <summary>
    /// It may have gone to a silo that stands still, behind the moment in which the edge heard that this is given up, and Orleans would
    /// wait for the answer for its whole time limit.
    /// </summary>
    private async Task GiveUpWhatStillWaits(long resumed)
    {
        await Task.Delay(LastAnswer, _edge.Time);
        GiveUpWhatWaitsSince(resumed);
    }

    private async Task<SessionOpened> SayAgain()
    {
        var opening = OpeningOf(_claim!, cleanStart: false) with { Since = _since, CalledAs = $"{ConnectionId}.{++_resumptions}" };
        var began = _edge.Time.GetTimestamp();
        while (true)
        {
            try
            {
                return await Open(_claim!, opening).WaitAsync(ResumeImpatience, _edge.Time);
            }
            catch (TimeoutException) when (_ending is null && _edge.Time.GetElapsedTime(began) < ResumeLimit)
            {
                // and it may be said twice
            }
        }
    }

    /// <summary>Until all topics know where the connection is, what they have for it may come to stand in its queue without a word.</summary>
    private async Task CatchUp()
    {
        try
        {
            await Resumed(); // this is a part of it
            _claim!.Caller.Enter();
            _subscriber!.Outbox.QueueGrew(await _claim.Grain.Routed(_grain!.CalledAs));
        }
        catch (Exception e) when (SessionGrain.IsGone(e))
        {
            _ = Resume(); // it has gone again
        }
        catch (Exception e)
        {
            LogCallFailed(nameof(IClientGrain.Routed), e);
            _ = Expel(ConnectionEnd.Forgotten);
        }
    }

    /// <summary>Gives the messages to the client's grain, and to its next activation what the one before did not take, or may not have taken.</summary>
    private async ValueTask<PublishResult> Publish(ImmutableArray<TelemetryMessage> messages)
    {
        var began = _edge.Time.GetTimestamp();
        Exception? unknown = null;
        while (true)
        {
            try
            {
                var result = await AskToStore(unknown is null ? messages : [.. messages.Select(message => message with { IsRepeat = true })]);
                if (unknown is null || result.Failures.All(failure => failure.Failure != Failure.Unavailable || messages[failure.Index].MayBePublishedAnew))
                {
                    return result;
                }
            }
            catch (Exception e) when (MayPublishAgain(e, messages) && _edge.Time.GetElapsedTime(began) < PublishLimit)
            {
                Volatile.Write(ref _storingSince, 0); // nothing is waited for that a silo has taken along
                if (unknown is not null)
                {
                    await Task.Delay(ResumePause, _edge.Time);
                }

                unknown = e;
                if (!await Resumed())
                {
                    throw;
                }

                continue;
            }
            catch (FailureException) when (unknown is not null && !messages.All(message => message.MayBePublishedAnew))
            {
                // Below.
            }

            // The first time it may have been stored, and a refusal may have it published anew.
            ExceptionDispatchInfo.Throw(unknown);
        }
    }

    /// <exception cref="TimeoutException">The answer is not waited for.</exception>
    private async Task<PublishResult> AskToStore(ImmutableArray<TelemetryMessage> messages)
    {
        Volatile.Write(ref _storingSince, _edge.Time.GetTimestamp());
        var call = _claim!.Grain.Publish(_grain!.CalledAs, messages);
        if (Silo.Length > 0 && !call.IsCompleted)
        {
            var givenUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _givenUp, givenUp);
            if (await Task.WhenAny(call, givenUp.Task) != call)
            {
                throw new TimeoutException("The silo has died that the answer was to come from, or by way of.");
            }
        }

        return await call;
    }

    /// <summary>
    /// It has not been answered, or came to a grain that does not know the connection, and the activation before may have had it: it is
    /// given again where its topic recognises it.
    /// </summary>
    private bool MayPublishAgain(Exception e, ImmutableArray<TelemetryMessage> messages) =>
        MayResume && messages.All(message => message.IsRecognisable) && e switch
        {
            FailureException { Failure: Failure.NotSignedIn } => !IsExpired,
            TimeoutException or OrleansException => true,
            _ => false,
        };
}
