using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// PUBREL: identifiers of QoS 2 that the client needs no longer. Like messages they go to the grain in batches, one at a
/// time, and are answered when that has made it durable.
/// </summary>
internal sealed partial class DeviceSession
{
    private PendingAcks? _releases;
    private Task _releasing = Task.CompletedTask;
    private bool _isReleasing;
    private bool _isDurable;

    private void HandleRelease(AckPacket release)
    {
        lock (_gate)
        {
            var isFirst = false;
            var isKnown = _received?.Release(release.PacketId, out isFirst) ?? false;
            (_releases ??= new PendingAcks()).Add(new PendingAck(PacketType.PubComp, release.PacketId)
            {
                // 3.1.1 has no word for it: what is not there is released [MQTT-4.3.3-2]
                Reason = isKnown || _outgoing.Version == MqttVersion.V311 ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound,
                ChangesNothing = !isFirst,
            });
            if (isFirst)
            {
                return;
            }
        }

        CountRequest();
    }

    private void StartReleasing()
    {
        lock (_gate)
        {
            if (_isReleasing || _releases is null)
            {
                return;
            }

            _isReleasing = true;
        }

        _releasing = ReleaseAll();
    }

    private async Task ReleaseAll()
    {
        try
        {
            while (TakeReleases() is { } releases)
            {
                if (!await Forget(releases))
                {
                    return;
                }

                await _outgoing.Send(releases);
            }
        }
        catch
        {
            End(Ending.Bug);
            throw;
        }
    }

    private PendingAcks? TakeReleases()
    {
        lock (_gate)
        {
            var releases = _releases;
            _releases = null;
            _isReleasing = releases is not null;
            ReleaseReader();
            return releases;
        }
    }

    /// <returns>Whether they are forgotten, which without an answer is not known.</returns>
    private async Task<bool> Forget(PendingAcks releases)
    {
        var ids = Known(releases);
        try
        {
            if (_isDurable && !ids.IsEmpty)
            {
                await _grain!.Release(ids);
            }
        }
        catch (FailureException failure) when (failure.Failure == Failure.NotSignedIn)
        {
            EndUnknown();
            return false;
        }
        catch (Exception e)
        {
            LogCallFailed(nameof(IClientGrain.Release), e);
            End(Ending.Unknown);
            return false;
        }

        var freed = 0;
        lock (_gate)
        {
            foreach (var id in ids)
            {
                freed += _received!.Forget(id);
            }
        }

        Interlocked.Add(ref _unacknowledged, -freed);
        return true;
    }

    private static ImmutableArray<ushort> Known(PendingAcks releases)
    {
        var ids = ImmutableArray.CreateBuilder<ushort>(releases.Count);
        foreach (var release in releases.InOrder)
        {
            if (!release.ChangesNothing)
            {
                ids.Add(release.PacketId);
            }
        }

        return ids.DrainToImmutable();
    }
}
