using System.Diagnostics.Metrics;

namespace OrleansIoT.Grains;

/// <summary>What the grains count.</summary>
public sealed class GrainsMetrics
{
    public const string MeterName = "OrleansIoT.Grains";

    private readonly Counter<int> _refusedEnvelopes;
    private readonly Counter<int> _checked;
    private readonly Counter<int> _missing;

    public GrainsMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _refusedEnvelopes = meter.CreateCounter<int>(
            "iot.grains.envelopes.refused", "{call}", "Calls refused because nothing proved their caller.");
        _checked = meter.CreateCounter<int>(
            "iot.grains.acknowledged.checked", "{reading}", "Acknowledged readings that were read back from the store.");
        _missing = meter.CreateCounter<int>(
            "iot.grains.acknowledged.missing", "{reading}", "Those of them that were not there as they were acknowledged.");
    }

    public void AcknowledgedChecked(bool isMissing)
    {
        _checked.Add(1);
        _missing.Add(isMissing ? 1 : 0);
    }

    /// <param name="fault">One of few words, as <see cref="Identity.ClusterKeys.Fault"/> says it.</param>
    public void EnvelopeRefused(string fault) => _refusedEnvelopes.Add(1, new KeyValuePair<string, object?>("fault", fault));
}
