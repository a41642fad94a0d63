using System.Diagnostics.Metrics;

namespace OrleansIoT.Grains;

/// <summary>What the grains count.</summary>
public sealed class GrainsMetrics
{
    public const string MeterName = "OrleansIoT.Grains";

    private readonly Counter<int> _refusedEnvelopes;

    public GrainsMetrics(IMeterFactory meters) => _refusedEnvelopes = meters.Create(MeterName).CreateCounter<int>(
        "iot.grains.envelopes.refused", "{call}", "Calls refused because nothing proved their caller.");

    /// <param name="fault">One of few words, as <see cref="Identity.ClusterKeys.Fault"/> says it.</param>
    public void EnvelopeRefused(string fault) => _refusedEnvelopes.Add(1, new KeyValuePair<string, object?>("fault", fault));
}
