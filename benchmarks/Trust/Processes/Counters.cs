using System.Diagnostics.Metrics;
using OrleansIoT.Gateway;

namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>The <see cref="Counts"/> of this process.</summary>
internal static class Counters
{
    private static long _tokenChecks;
    private static long _tokensMade;
    private static long _envelopeChecks;

    public static void TokenChecked() => Interlocked.Increment(ref _tokenChecks);

    public static void TokenMade() => Interlocked.Increment(ref _tokensMade);

    public static void EnvelopeChecked() => Interlocked.Increment(ref _envelopeChecks);

    /// <summary>What the product's gateway validates is counted by its own instrument.</summary>
    public static MeterListener ListenToGateway()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: GatewayMetrics.MeterName, Name: "iot.gateway.tokens.validated" })
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>(static (_, count, _, _) => Interlocked.Add(ref _tokenChecks, count));
        listener.Start();
        return listener;
    }

    public static Counts Now() => new(
        Environment.CpuUsage.TotalTime.TotalMicroseconds,
        Volatile.Read(ref _tokenChecks),
        Volatile.Read(ref _tokensMade),
        Volatile.Read(ref _envelopeChecks),
        OpenedConnections.Bytes());
}
