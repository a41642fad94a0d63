using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using Xunit.Abstractions;

namespace OrleansIoT.DeviceEdge.Tests.Mqtt;

/// <summary>
/// Any bytes, cut anywhere, give packets or <see cref="MqttProtocolException"/>, and nothing else. TEST_FUZZ_SECONDS says
/// how long to look for the opposite (default 30), TEST_SEED where to begin; a failure prints the seed and the bytes.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    /// <summary>Small, so that what is announced beyond it is met often.</summary>
    private const int Limit = 4 * 1024;

    /// <summary>
    /// What reading may allocate for each byte that has come: a filter "a" of 3.1.1 is four bytes of a packet, and a string
    /// of 24 in a list that doubles as it grows.
    /// </summary>
    private const int AllocatedPerByte = 24;

    /// <summary>The reader itself, its table of names, and a fault with its stack trace.</summary>
    private const int Overhead = 32 * 1024;

    private static readonly int Seconds = Setting("TEST_FUZZ_SECONDS", 30);
    private static readonly int FirstSeed = Setting("TEST_SEED", 1);

    private static readonly (byte[] Bytes, MqttVersion? Version)[] Valid =
    [
        .. Samples.All.Select(sample =>
                (Bytes: Bytes.Of(sample.Packet, sample.Version), Version: sample.Packet is ConnectPacket ? (MqttVersion?)null : sample.Version))
            .Where(sample => sample.Bytes.Length <= Limit),
    ];

    [Fact]
    public async Task Any_bytes_are_packets_or_a_fault()
    {
        var clock = Stopwatch.StartNew();
        var seed = FirstSeed;
        var search = Task.Run(() =>
        {
            for (; clock.Elapsed.TotalSeconds < Seconds; Interlocked.Increment(ref seed))
            {
                var random = new Random(seed);
                var (bytes, version) = Stream(random);
                Check(bytes, version, random, seed);
            }
        });

        try
        {
            await search.WaitAsync(TimeSpan.FromSeconds(Seconds + 30));
        }
        catch (TimeoutException)
        {
            Assert.Fail($"TEST_SEED={Volatile.Read(ref seed)}: the reader does not come back.");
        }

        output.WriteLine($"{seed - FirstSeed} streams of bytes from seed {FirstSeed} on.");
    }

    [Fact]
    public void Every_packet_that_ends_too_soon_is_awaited_or_a_fault()
    {
        foreach (var (bytes, version) in Valid)
        {
            for (var length = 0; length < bytes.Length; length++)
            {
                var cut = bytes[..length];
                Check(cut, version, new Random(length), seed: 0);
                if (length > 1 && bytes[1] < 0x80)
                {
                    cut[1] = (byte)(length - 2); // now it is not the stream that ends, but the packet
                    Check(cut, version, new Random(length), seed: 0);
                }
            }
        }
    }

    [Fact]
    public void A_packet_of_nothing_but_the_smallest_parts_costs_no_more_than_any_other()
    {
        foreach (var part in new[] { "26 00 00 00 00", "0B 01" })
        {
            var properties = Repeat(part);
            CheckSize(0x30, [0, 1, (byte)'a', .. Length(properties.Length), .. properties], MqttVersion.V500);
        }

        CheckSize(0x82, [0, 1, .. Repeat("00 01 61 00")], MqttVersion.V311);
        CheckSize(0xA2, [0, 1, .. Repeat("00 01 61")], MqttVersion.V311);

        static byte[] Repeat(string part) =>
            [.. Enumerable.Repeat(Bytes.Hex(part), (Bytes.Limit - 16) / Bytes.Hex(part).Length).SelectMany(bytes => bytes)];

        void CheckSize(byte first, byte[] body, MqttVersion version)
        {
            byte[] bytes = [first, .. Length(body.Length), .. body];
            var before = GC.GetAllocatedBytesForCurrentThread();
            var read = Read(new ReadOnlySequence<byte>(bytes), version, Bytes.Limit);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Single(read.Packets);
            output.WriteLine($"{allocated} bytes were allocated for {bytes.Length}");
            Assert.InRange(allocated, 0, AllocatedPerByte * bytes.Length);
        }
    }

    /// <summary>All that has to hold for a stream of bytes, whatever they are.</summary>
    private static void Check(byte[] bytes, MqttVersion? version, Random random, int seed)
    {
        try
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var whole = Read(new ReadOnlySequence<byte>(bytes), version, Limit);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= (AllocatedPerByte * bytes.Length) + Overhead, $"{allocated} bytes were allocated for {bytes.Length}");

            var places = Enumerable.Range(0, random.Next(1, 8)).Select(_ => random.Next(bytes.Length + 1)).Order().ToList();
            AssertSame(whole, Read(Bytes.Cut(bytes, places), version, Limit));
            AssertSame(whole, ReadAsItComes(bytes, version, _ => 1));
            AssertSame(whole, ReadAsItComes(bytes, version, left => random.Next(1, Math.Min(left, 40) + 1)));

            foreach (var (packet, original) in whole.Packets)
            {
                var spoken = packet is ConnectPacket connect ? connect.Version : whole.Version!.Value;
                var written = Bytes.Of(packet, spoken);
                AssertSame(packet, original, written);
                Assert.Equal(written, Bytes.Of(Bytes.Read(new ReadOnlySequence<byte>(written), packet is ConnectPacket ? null : spoken), spoken));
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                $"TEST_SEED={seed}: {version?.ToString() ?? "no version"}, {Convert.ToHexString(bytes)}", e);
        }
    }

    private static Outcome Read(ReadOnlySequence<byte> bytes, MqttVersion? version, int limit)
    {
        var reader = new MqttPacketReader(version, limit);
        var packets = new List<(MqttPacket, byte[])>();
        return new Outcome(packets, TakeAll(reader, ref bytes, packets), reader.Version, bytes.Length);
    }

    /// <summary>As a connection reads: what has come so far is looked at each time that something comes.</summary>
    private static Outcome ReadAsItComes(byte[] bytes, MqttVersion? version, Func<int, int> next)
    {
        var reader = new MqttPacketReader(version, Limit);
        var packets = new List<(MqttPacket, byte[])>();
        ReasonCode? fault = null;
        var taken = 0;
        for (var come = 0; come < bytes.Length && fault is null;)
        {
            come += next(bytes.Length - come);
            var rest = new ReadOnlySequence<byte>(bytes, taken, come - taken);
            fault = TakeAll(reader, ref rest, packets);
            taken = come - (int)rest.Length;
        }

        return new Outcome(packets, fault, reader.Version, bytes.Length - taken);
    }

    private static ReasonCode? TakeAll(MqttPacketReader reader, ref ReadOnlySequence<byte> bytes, List<(MqttPacket, byte[])> packets)
    {
        try
        {
            for (var before = bytes; reader.TryRead(ref bytes, out var packet); before = bytes)
            {
                Assert.True(bytes.Length < before.Length, "A packet was taken, and no bytes.");
                packets.Add((packet, before.Slice(0, before.Length - bytes.Length).ToArray()));
            }

            return null;
        }
        catch (MqttProtocolException e)
        {
            return e.Reason;
        }
    }

    private static void AssertSame(Outcome one, Outcome other)
    {
        Assert.Equal((one.Packets.Count, one.Fault, one.Version, one.Left), (other.Packets.Count, other.Fault, other.Version, other.Left));
        foreach (var (first, second) in one.Packets.Zip(other.Packets))
        {
            Assert.Equal(first.Bytes, second.Bytes);
            Assert.Equal(Bytes.Of(first.Packet, one.Version!.Value), Bytes.Of(second.Packet, one.Version!.Value));
        }
    }

    /// <summary>What was read is written as it came; only a reason code of 0 and an empty property field may be left out.</summary>
    private static void AssertSame(MqttPacket packet, byte[] original, byte[] written)
    {
        if (packet is AckPacket or DisconnectPacket or AuthPacket)
        {
            Assert.Equal(original[0], written[0]);
            var longer = Body(original.Length > written.Length ? original : written);
            var shorter = Body(original.Length > written.Length ? written : original);
            Assert.True(longer.StartsWith(shorter) && !longer[shorter.Length..].ContainsAnyExcept((byte)0), "More was left out than may be.");
        }
        else
        {
            Assert.Equal(original, written);
        }

        static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> bytes) => bytes[(1 + WireReader.VarInt(bytes[1..]).Length)..];
    }

    private static (byte[] Bytes, MqttVersion? Version) Stream(Random random)
    {
        var version = random.Next(3) switch { 0 => (MqttVersion?)null, 1 => MqttVersion.V311, _ => MqttVersion.V500 };
        return random.Next(4) switch
        {
            0 => (Noise(random), version),
            1 => (Mutilate(Sample(random, version), random), version),
            2 => (Several(random, version), version),
            _ => (Mutilate(Several(random, version), random), version),
        };
    }

    private static byte[] Sample(Random random, MqttVersion? version)
    {
        var some = Valid.Where(sample => sample.Version == version).ToArray();
        return [.. some[random.Next(some.Length)].Bytes];
    }

    /// <summary>A CONNECT first if the version is still open, so that what follows is read in the version that it says.</summary>
    private static byte[] Several(Random random, MqttVersion? version)
    {
        var bytes = new List<byte>();
        for (var count = random.Next(1, 6); count > 0; count--)
        {
            bytes.AddRange(Sample(random, version));
            version ??= random.Next(2) == 0 ? MqttVersion.V311 : MqttVersion.V500;
        }

        return [.. bytes];
    }

    private static byte[] Noise(Random random)
    {
        var bytes = new byte[random.Next(1, 80)];
        random.NextBytes(bytes);
        bytes[0] = (byte)((random.Next(1, 16) << 4) | (bytes[0] & (random.Next(2) == 0 ? 2 : 15)));
        if (bytes.Length > 1 && random.Next(4) > 0)
        {
            bytes[1] = (byte)(bytes.Length - 2);
        }

        return bytes;
    }

    private static byte[] Mutilate(byte[] bytes, Random random)
    {
        var result = bytes.ToList();
        for (var i = random.Next(1, 5); i > 0 && result.Count > 0; i--)
        {
            var at = random.Next(result.Count);
            var count = random.Next(1, Math.Min(result.Count - at, 8) + 1);
            switch (random.Next(7))
            {
                case 0:
                    result[at] = (byte)random.Next(256);
                    break;
                case 1:
                    result[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    result[at] = Borders[random.Next(Borders.Length)];
                    break;
                case 3:
                    result.Insert(at, (byte)random.Next(256));
                    break;
                case 4:
                    result.InsertRange(at, result.GetRange(at, count));
                    break;
                case 5:
                    result.RemoveRange(at, count);
                    break;
                default:
                    result.RemoveRange(at, result.Count - at);
                    break;
            }
        }

        if (result.Count is > 1 and < 130 && random.Next(3) > 0)
        {
            result[1] = (byte)(result.Count - 2); // so that the length does not hide what is inside
        }

        return [.. result];
    }

    /// <summary>Where numbers, lengths, and characters change their meaning.</summary>
    private static ReadOnlySpan<byte> Borders => [0, 1, 2, 4, 5, 0x7F, 0x80, 0x81, 0xFF, 0xC0, 0xED, (byte)'+', (byte)'#', (byte)'/', (byte)'$'];

    private static byte[] Length(int value)
    {
        var wire = new WireWriter();
        wire.VarInt((uint)value);
        return wire.Written.ToArray();
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private sealed record Outcome(IReadOnlyList<(MqttPacket Packet, byte[] Bytes)> Packets, ReasonCode? Fault, MqttVersion? Version, long Left);
}
