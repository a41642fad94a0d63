using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Identity;

namespace OrleansIoT.Benchmarks.Trust.Schemes;

/// <summary>As <see cref="CallerSealer"/> does for grain calls: who calls often stays in the same envelope while that is fresh.</summary>
internal sealed class Sealer(string path)
{
    private readonly ConditionalWeakTable<Caller, CallerEnvelope> _envelopes = [];

    public ClusterKeys Keys { get; } = new(path, TimeProvider.System, NullLogger<ClusterKeys>.Instance);

    public CallerEnvelope EnvelopeOf(Caller caller)
    {
        if (!_envelopes.TryGetValue(caller, out var envelope) || !Keys.IsFresh(envelope))
        {
            _envelopes.AddOrUpdate(caller, envelope = Keys.Seal(caller));
        }

        return envelope;
    }
}
