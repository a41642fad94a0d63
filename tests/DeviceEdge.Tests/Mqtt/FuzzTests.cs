using System.Diagnostics;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Tests.Mqtt;

/// <summary>Any bytes, cut anywhere, give packets or <see cref="MqttProtocolException"/>, and nothing else.</summary>
public sealed class FuzzTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutilated_packets_are_packets_or_faults(int seed)
    {
        var random = new Random(seed);
        var samples = Samples.All.Select(sample => (Bytes.Of(sample.Packet, sample.Version), sample.Packet is ConnectPacket ? (MqttVersion?)null : sample.Version)).ToArray();
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Long)
        {
            var (bytes, version) = samples[random.Next(samples.Length)];
            Read(Mutilate(bytes, random), version, random);
        }
    }

    [Fact]
    public void Random_bytes_are_packets_or_faults()
    {
        var random = new Random(3);
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Long)
        {
            var bytes = new byte[random.Next(1, 60)];
            random.NextBytes(bytes);
            bytes[0] = (byte)(random.Next(1, 16) << 4 | (bytes[0] & (random.Next(2) == 0 ? 2 : 15)));
            if (bytes.Length > 1 && random.Next(4) > 0)
            {
                bytes[1] = (byte)(bytes.Length - 2);
            }

            Read(bytes, random.Next(3) switch { 0 => null, 1 => MqttVersion.V311, _ => MqttVersion.V500 }, random);
        }
    }

    /// <summary>What could be read can be written and read again.</summary>
    private static void Read(byte[] bytes, MqttVersion? version, Random random)
    {
        var rest = Bytes.Cut(bytes, Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(bytes.Length)).Order());
        var reader = new MqttPacketReader(version, Bytes.Limit);
        try
        {
            while (reader.TryRead(ref rest, out var packet))
            {
                var written = Bytes.Of(packet, reader.Version!.Value);
                Assert.Equal(written, Bytes.Of(Bytes.Read(Bytes.Cut(written), packet is ConnectPacket ? null : reader.Version), reader.Version!.Value));
            }
        }
        catch (MqttProtocolException)
        {
            // one of the two permitted outcomes
        }
    }

    private static byte[] Mutilate(byte[] bytes, Random random)
    {
        var result = bytes.AsSpan(0, Math.Min(bytes.Length, 300)).ToArray().ToList();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var at = random.Next(result.Count);
            switch (random.Next(4))
            {
                case 0:
                    result[at] = (byte)random.Next(256);
                    break;
                case 1:
                    result[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    result.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    if (result.Count > 2)
                    {
                        result.RemoveAt(at);
                    }

                    break;
            }
        }

        if (result.Count > 1 && result.Count < 130 && random.Next(3) > 0)
        {
            result[1] = (byte)(result.Count - 2); // so that the length does not hide what is inside
        }

        return [.. result];
    }
}
