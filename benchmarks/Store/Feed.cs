using System.Globalization;
using System.Text.Unicode;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>The readings of one topic: JSON of some 34 bytes, a time of their own a second apart, a value that walks.</summary>
internal sealed class Feed(int number, TimeSpan? interval = null)
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string _device = $"meter-{number}";
    private readonly string _name = $"devices/meter-{number}/power";
    private readonly TimeSpan _interval = interval ?? TimeSpan.FromSeconds(1);
    private uint _random = (uint)number * 2_654_435_761 + 1;
    private int _value = 2_000;

    public string Key { get; } = $"default/devices/meter-{number}/power";

    /// <summary>How many it has given.</summary>
    public long Seq { get; set; }

    public TelemetryMessage[] Next(int count)
    {
        var messages = new TelemetryMessage[count];
        for (var i = 0; i < count; i++)
        {
            messages[i] = Next();
        }

        return messages;
    }

    public TelemetryMessage Next()
    {
        Seq++;
        var at = Start + _interval * Seq;
        _random = _random * 1_664_525 + 1_013_904_223;
        _value = Math.Abs(_value + (int)(_random >> 24) % 21 - 10);
        Span<byte> payload = stackalloc byte[64];
        Utf8.TryWrite(
            payload, CultureInfo.InvariantCulture,
            $$"""{"ts":{{at.ToUnixTimeMilliseconds()}},"value":{{_value / 100}}.{{_value % 100:00}}}""", out var length);
        return new TelemetryMessage
        {
            Topic = _name,
            Device = _device,
            Payload = payload[..length].ToArray(),
            At = at,
            // Some milliseconds on the way, to the tick, as clocks have it.
            ReceivedAt = at.AddTicks(50_000 + (_random >> 8) % 200_000),
            HasOwnTime = true,
            PacketId = (ushort)(1 + Seq % 65_535),
            Seq = Seq,
        };
    }
}
