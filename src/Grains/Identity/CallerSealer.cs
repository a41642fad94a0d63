using System.Reflection;
using System.Runtime.CompilerServices;
using OrleansIoT.Devices;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// Puts the caller of a call that leaves into an envelope, on the side of a process that has the cluster's keys. Who calls
/// often stays in the same envelope for a while.
/// </summary>
public sealed class CallerSealer(ClusterKeys keys) : IOutgoingGrainCallFilter
{
    private static readonly Module Contracts = typeof(IDeviceGrain).Module;

    private readonly ConditionalWeakTable<Caller, CallerEnvelope> _envelopes = [];

    public Task Invoke(IOutgoingGrainCallContext context)
    {
        if (context.InterfaceMethod.Module == Contracts && Caller.Current is { } caller && !keys.IsFresh(Caller.Envelope))
        {
            Caller.Enter(EnvelopeOf(caller));
        }

        return context.Invoke();
    }

    private CallerEnvelope EnvelopeOf(Caller caller)
    {
        if (!_envelopes.TryGetValue(caller, out var envelope) || !keys.IsFresh(envelope))
        {
            _envelopes.AddOrUpdate(caller, envelope = keys.Seal(caller));
        }

        return envelope;
    }
}
