using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Telemetry;

/// <summary>
/// The readings of a topic that are all of one event time, by hash: a device whose clock stands still sends ever more of them,
/// and to look each up among all others would take longer each time.
/// </summary>
internal sealed class Crowd
{
    /// <summary>Fewer are read from the history as quickly.</summary>
    public const int Least = 1_000;

    /// <summary>About 10 MB; a crowd beyond it is read each time.</summary>
    public const int Most = 200_000;

    private readonly HashSet<UInt128> _readings;

    public Crowd(DateTimeOffset at, IEnumerable<TelemetryMessage> readings) =>
        (At, _readings) = (at, [.. readings.Select(Hash)]);

    public DateTimeOffset At { get; }

    public bool IsTooLarge => _readings.Count > Most;

    /// <param name="reading">Of the event time.</param>
    /// <returns>Whether it was not there.</returns>
    public bool Add(TelemetryMessage reading) => _readings.Add(Hash(reading));

    /// <summary>Of what makes a reading the same: <see cref="SameReading"/>, but for the time.</summary>
    private static UInt128 Hash(TelemetryMessage reading)
    {
        var device = Encoding.UTF8.GetBytes(reading.Device);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, device.Length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(length);
        hash.AppendData(device);
        hash.AppendData(reading.Payload.Span);
        Span<byte> result = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(result);
        return BinaryPrimitives.ReadUInt128LittleEndian(result);
    }
}
