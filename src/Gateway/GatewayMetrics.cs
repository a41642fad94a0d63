using System.Diagnostics.Metrics;

namespace OrleansIoT.Gateway;

/// <summary>What the gateway counts.</summary>
internal sealed class GatewayMetrics
{
    public const string MeterName = "OrleansIoT.Gateway";

    private readonly Meter _meter;
    private readonly Counter<long> _validated;
    private readonly Counter<long> _remembered;

    public GatewayMetrics(IMeterFactory meters)
    {
        var meter = _meter = meters.Create(MeterName);
        _validated = meter.CreateCounter<long>(
            "iot.gateway.tokens.validated", "{token}", "Tokens whose signature was verified, also those that were refused.");
        _remembered = meter.CreateCounter<long>(
            "iot.gateway.tokens.remembered", "{token}", "Tokens that were validated a short while ago and not again.");
    }

    public void TokenValidated() => _validated.Add(1);

    public void TokenRemembered() => _remembered.Add(1);

    public void ObserveStreams(Func<int> count) =>
        _meter.CreateObservableUpDownCounter("iot.gateway.streams", count, "{stream}", "Live streams that are open.");
}
