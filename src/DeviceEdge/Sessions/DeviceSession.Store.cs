using System.Runtime.CompilerServices;
using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// Storing: every PUBLISH that is there goes into the next batch; one batch at a time is with the grain; when it comes back,
/// and not before, its acknowledgements leave and the next batch goes.
/// </summary>
internal sealed partial class DeviceSession
{
    private PublishBatch? _next;

    /// <summary>One that is done with, for the next; a session that rests gives it up.</summary>
    private PublishBatch? _spare;
    private Task _publishing = Task.CompletedTask;
    private bool _isPublishing;
    private volatile bool _isStoring;
    private long _storingSince;

    private bool IsFull
    {
        get
        {
            lock (_gate)
            {
                return (_next is { } next
                        && (next.Acks.Count >= _edge.Options.ReceiveMaximum
                            || next.Bytes >= _edge.Options.MaxBatchBytes
                            || _edge.Unstored.IsSpent))
                    || _releases?.Count >= _edge.Options.ReceiveMaximum;
            }
        }
    }

    /// <summary>By who holds the gate.</summary>
    private PublishBatch Next()
    {
        if (_next is null)
        {
            _next = _spare ?? new PublishBatch();
            _spare = null;
        }

        return _next;
    }

    /// <summary>Sends the next batch on its way, unless one is under way that will take it along.</summary>
    private void StartPublishing()
    {
        lock (_gate)
        {
            if (_isPublishing || _next is null)
            {
                return;
            }

            _isPublishing = true;
        }

        _publishing = PublishBatches();
    }

    private async Task PublishBatches()
    {
        try
        {
            while (TakeNext() is { } batch)
            {
                var isKnown = await Store(batch);
                _edge.Unstored.Return(batch.Bytes);
                if (!isKnown)
                {
                    return;
                }

                Settle(batch.Acks);
                CrashPoint.Reach(CrashPoint.AckBefore);
                var isAllSent = await _outgoing.Send(batch.Acks);
                CrashPoint.Reach(CrashPoint.AckAfter);
                if (!isAllSent)
                {
                    End(Ending.NotStored);
                    return;
                }

                Spare(batch);
            }
        }
        catch
        {
            End(Ending.Bug);
            throw;
        }
    }

    /// <summary>Nothing goes to a grain that has ended the connection: what is unanswered comes again, on another one.</summary>
    private PublishBatch? TakeNext()
    {
        lock (_gate)
        {
            var batch = _next;
            _next = null;
            if (batch is not null && _isExpelled)
            {
                _edge.Unstored.Return(batch.Bytes);
                batch = null;
            }

            _isPublishing = batch is not null;
            ReleaseReader();
            return batch;
        }
    }

    private void Spare(PublishBatch done)
    {
        done.Clear();
        lock (_gate)
        {
            _spare = done;
        }
    }

    private void ForgetSpare()
    {
        if (Volatile.Read(ref _spare) is not null)
        {
            lock (_gate)
            {
                _spare = null;
            }
        }
    }

    /// <returns>Whether it is known what became of the batch; otherwise nothing of it is answered, and the connection ends.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))] // one for every batch of every device
    private async ValueTask<bool> Store(PublishBatch batch)
    {
        var messages = batch.Messages();
        try
        {
            _isStoring = true;
            if (batch.Acks.FirstRefused is { } first)
            {
                await _claim!.Grain.Refused(batch.Acks.Refused, first.Topic, first.Why); // one-way: nobody waits for a counter
            }

            if (!messages.IsEmpty)
            {
                batch.Acks.Settle(await Publish(messages));
            }
        }
        catch (FailureException failure) when (failure.Failure == Failure.NotSignedIn)
        {
            EndUnknown();
            return false;
        }
        catch (FailureException failure)
        {
            batch.Acks.Fail(ReasonCodes.OfPublish(failure.Failure), failure.Message);
        }
        catch (Exception e)
        {
            // It may be stored, or be yet. A refusal would end the delivery [MQTT-4.4.0-2], and what is then sent anew could
            // not be told from another reading; unanswered, it comes with DUP.
            LogStoreFailed(messages.Length, e);
            End(Ending.Unknown);
            return false;
        }
        finally
        {
            _isStoring = false;
            Volatile.Write(ref _storingSince, 0);
        }

        _edge.Metrics.BatchDone(batch.Acks.Count, batch.Acks.Refused);
        if (batch.Acks.Refused > 0)
        {
            LogRefusedMessages(batch.Acks);
        }

        return true;
    }

    /// <summary>Before the acknowledgements leave, because the client may act on them at once.</summary>
    private void Settle(PendingAcks acks)
    {
        var freed = acks.PubAcks;
        lock (_gate)
        {
            freed += _received?.Settle(acks) ?? 0;
        }

        Interlocked.Add(ref _unacknowledged, -freed);
    }
}
