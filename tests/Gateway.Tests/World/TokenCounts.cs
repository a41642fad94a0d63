using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansIoT.Gateway.Tests.World;

/// <summary>How often one gateway has validated tokens, and how often it remembered one, since this listens.</summary>
internal sealed class TokenCounts : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _validated;
    private long _remembered;

    private TokenCounts(GatewayHost gateway)
    {
        var meters = gateway.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name.StartsWith("iot.gateway.tokens.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, count, _, _) => _ = instrument.Name.EndsWith("validated", StringComparison.Ordinal)
            ? Interlocked.Add(ref _validated, count)
            : Interlocked.Add(ref _remembered, count));
        _listener.Start();
    }

    public static TokenCounts Of(GatewayHost gateway) => new(gateway);

    public long Validated => Interlocked.Read(ref _validated);

    public long Remembered => Interlocked.Read(ref _remembered);

    public void Dispose() => _listener.Dispose();
}
