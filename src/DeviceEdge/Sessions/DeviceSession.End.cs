using System.Diagnostics;
using Microsoft.AspNetCore.Connections;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>The end, whoever wants it, and everything that is owed before it.</summary>
internal sealed partial class DeviceSession
{
    /// <summary>How long somebody whose place is taken may take to hear of it: the one who takes it waits.</summary>
    private static readonly TimeSpan ExpelTimeout = TimeSpan.FromMilliseconds(500);

    private const int SignOutAttempts = 3;

    /// <summary>Enough for what a client had on its way when it could not know yet that nobody reads it.</summary>
    private const int MaxLingerBytes = 1024 * 1024;

    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LingerSilence = TimeSpan.FromMilliseconds(50);

    private Ending? _ending;
    private TaskCompletionSource? _ended;
    private TaskCompletionSource? _expelled;
    private TaskCompletionSource? _finished;
    private bool _isEnding;
    private bool _isExpelled;
    private bool _isFinished;
    private uint? _newExpiry;
    private long _lastQueued;

    /// <summary>Complete when the connection ends, also when it does already.</summary>
    private Task Ended => Signal(ref _ended, ref _isEnding);

    /// <summary>The client's grain ends the connection: it stores nothing more that comes from it.</summary>
    /// <returns>Complete when nothing more is sent and the grain has heard that.</returns>
    public Task Expel(ConnectionEnd why)
    {
        Raise(ref _expelled, ref _isExpelled);
        End(Ending.By(why));
        return Signal(ref _finished, ref _isFinished);
    }

    /// <summary>The first reason counts. Whatever the session waits for, it stops waiting.</summary>
    private void End(Ending ending)
    {
        if (Interlocked.CompareExchange(ref _ending, ending, null) is null)
        {
            Raise(ref _ended, ref _isEnding);
            ReleaseReader();
            _input.CancelPendingRead();
            _outgoing.StopWaiting();
        }
    }

    /// <summary>The grain no longer takes what comes from here.</summary>
    private void EndUnknown() => End(IsExpired ? Ending.Expired : Ending.Forgotten);

    private bool IsExpired => _claim!.Caller.ExpiresAt <= _edge.Time.GetUtcNow();

    private void FailOutbox(Exception e)
    {
        if (IsConnectionLoss(e))
        {
            End(Ending.Gone);
        }
        else if (e is FailureException { Failure: Failure.NotSignedIn })
        {
            EndUnknown(); // mostly the end has come between the call and its turn
        }
        else
        {
            LogCallFailed("deliver", e);
            End(Ending.Undeliverable);
        }
    }

    /// <summary>What has arrived is stored and acknowledged, the client hears why it is the end, and the grain that it is.</summary>
    private async Task Finish()
    {
        if (_rate is not null)
        {
            _edge.Rates.Return(_claim!.Publisher);
        }

        if (_subscriber is { } subscriber)
        {
            var ending = _ending!;
            LogEnded(ending);
            _edge.Deliveries.Remove(subscriber);
            using var limit = new CancellationTokenSource(_edge.Options.CloseTimeout, _edge.Time);
            var settled = subscriber.Outbox.Close().AsTask();
            try
            {
                await FinishStoring(limit);
                await SayGoodbye(ending).WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                LogCutOff();
                _connection.Abort(new ConnectionAbortedException("The connection took too long to end."));
            }
            finally
            {
                await _outgoing.Close();
                var goodbye = new ClientDisconnect(
                    ending.PublishesWill, _newExpiry, await Sent(settled, limit.Token), IsServerStopping: ending == Ending.Stopping || ending == Ending.Leaving);
                Volatile.Write(ref _goodbye, goodbye);
                await SignOut(_claim!, goodbye);
            }
        }

        Abandon();
        Raise(ref _finished, ref _isFinished);
        if (_ending is not { Say: null })
        {
            await Linger();
        }
    }

    private async Task FinishStoring(CancellationTokenSource limit)
    {
        StartPublishing();
        StartReleasing();
        var work = Task.WhenAll(_publishing, _releasing);
        await Task.WhenAny(work, Signal(ref _expelled, ref _isExpelled)).WaitAsync(limit.Token);
        if (work.IsCompleted)
        {
            await work;
        }

        if (_isExpelled)
        {
            // What it has under way waits behind the one who takes its place, and who waits for this.
            limit.CancelAfter(ExpelTimeout < _edge.Options.CloseTimeout ? ExpelTimeout : _edge.Options.CloseTimeout);
        }
    }

    private async Task SayGoodbye(Ending ending)
    {
        if (ending.Say is { } reason && _outgoing.Version == MqttVersion.V500)
        {
            await _outgoing.Send(new DisconnectPacket
            {
                Reason = reason,
                Properties = new Properties
                {
                    ReasonString = ending.Why,
                    ServerReference = ending == Ending.Leaving ? _edge.Options.ServerReference : null,
                },
            });
        }
    }

    /// <summary>What was still to be stored, and is not any more, takes no room.</summary>
    private void Abandon()
    {
        lock (_gate)
        {
            _edge.Unstored.Return(_next?.Bytes ?? 0);
            _next = null;
        }
    }

    /// <summary>
    /// A socket that is closed with unread bytes is reset, and a reset may overtake what was sent last. So what still comes
    /// is thrown away until the other side closes too, is silent for a moment, or has had its time.
    /// </summary>
    private async Task Linger()
    {
        using var patience = new CancellationTokenSource();
        var start = Stopwatch.GetTimestamp();
        var rest = (long)MaxLingerBytes;
        try
        {
            while (rest > 0 && Stopwatch.GetElapsedTime(start) < LingerTimeout)
            {
                patience.CancelAfter(LingerSilence);
                var read = await _input.ReadAsync(patience.Token);
                rest -= read.Buffer.Length;
                _input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException || IsConnectionLoss(e))
        {
            return; // silent, or gone
        }
    }

    /// <summary>The greatest number that may have been sent.</summary>
    private async Task<long> Sent(Task<long> settled, CancellationToken limit)
    {
        try
        {
            return await settled.WaitAsync(limit);
        }
        catch (Exception e)
        {
            LogCallFailed("settle", e);
            return _lastQueued; // all that were there at the beginning, at least
        }
    }

    private async Task SignOut(Claim claim, ClientDisconnect disconnect)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                (claim.Caller with { ExpiresAt = DateTimeOffset.MaxValue }).Enter(); // that somebody goes may be said later than that
                await claim.Grain.Disconnect(_grain?.CalledAs ?? ConnectionId, disconnect);
                return;
            }
            catch (TimeoutException) when (attempt < SignOutAttempts)
            {
                // It may have been heard, and may be said twice.
            }
            catch (Exception e)
            {
                LogSignOutFailed(claim.Publisher, e); // the client's next connection puts it right
                return;
            }
        }
    }

    private Task Signal(ref TaskCompletionSource? source, ref bool isRaised)
    {
        lock (_gate)
        {
            return isRaised
                ? Task.CompletedTask
                : (source ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void Raise(ref TaskCompletionSource? source, ref bool isRaised)
    {
        lock (_gate)
        {
            isRaised = true;
            source?.TrySetResult();
        }
    }
}
