using System.Text;
using OrleansIoT.History.Chunks;

namespace OrleansIoT.History.Tests.Chunks;

/// <summary>Bytes of version 1, which every later program has to read. They are never to be changed.</summary>
public sealed class ChunkFormatTests
{
    private const string Plain = """
        AY0BCoDg3NmfrJzcEYCYmrwEAP+/xb6W9vv2IgABAAQKAgIA8v7///////9/AAEABAEAx4u6w76dlMpXipOF3aHfjorlK+gDAAAAAAAAAAAAAAAA
        AOgDAAAAAAAAAAAAAAAAAOgDAAAAAAAAAAAAAAAAAACgDwAAAAAAAAAAAAAAAACgDwAAAAAAAAAAAAAAAACgDwAAAAAAAAAAAAAAAAAAgD4AAAAA
        AAAAAAAAAAAAgD4AAAAAAAAAAAAAAAAAgD4AAAAAAAAAAAAAAAAAAAD6AAAAAAAAAAAAAAAAAAD6AAAAAAA+k0I39HUoyuuk0A19HYryOil0Q1+H
        orxOCt3Q16Eor5NCN/R1KMrrpNANfR2K8jopdENfh6K87hnd0NehKK+TQjf0dSjK66TQDX0divI6KXRDX4eivAIAAAAAAAAAAQYAAQAAAAAAAAAA
        AAQAAAAAAAA/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAACA/////////w8KABa1qBqxlA2AAQH/AwAABsDnd/ymZ/hlV/QkR/DjNuyiJuhhFuQgBuDv9dyu5dht1dQsxdDrtMyqpMhplMQo
        hMDnd/ymZ/hlV/QkR/DjNuyiJuhhFuQgBuDv9dyu5dht1dQsxdDrtMyqpMhplMQohBAAAB8APgAdADwAGwA6ABkAOAAXADYAFQD//wAAAkGQBEEQ
        BEEQBEEQBEEQBEEQBEEQBEEQBEEQhEEQBEEQAgRBEAIDCXsidmFsdWUiOgEBfQAHeyJ0cyI6IgUGIiwidiI6AQF9AAZ7ImEiOlsBAiwiAQMiXX0A
        AAACZGbmbmZkZuZuZmRm5m5mZGbmbmZkZuZuZmRm5m5mZGYC5m5mAEIIMgUMAKAAFBAAr2AEUKAFZOAGeBAAP6IKtOALyCAN3BAAz+MQGCESLGET
        QBEAXyUXfGEYkKEZpBEA72Yd4KEe9OEfCBIAf6gjROIkWCImbBIAD+opqCIrAQcFBhAECAQiAwn0A/QD+gEBAAECBAgQIAADAAiFAhQKBjxQQA8E
        TDJARALcFkChAOwNAEIAFg5zhAAwxFgAE5QKML75ALOjFDC4AgBTswAAAgIFFgQEBgQGAAQCVCkAcjByMjByNDByNjByODByMTAwcjEyMAD/9RAG
        UA==
        """;

    private const string Compressed = """
        ASgFAAIFAgIEBAQCBAAEAAQAAAAqAQD8////daEoGwAgpm4pWyHXXl8nl2FIGE1mgEK4AcCJZJaHOvzZVNMbZrXTSavh9v45//vm2XS/dLo3/aPw
        WP1c5BQJgkqjM5isBdtKnsDN0j87u1lVbHaHc/Z3yoiF7GzGLYDVZnc4WY1zbHABzrtrZIMNNPw1zvJDAX+gAzk=
        """;

    [Fact]
    public void Version_1_is_written_as_ever() =>
        Assert.Equal(Convert.FromBase64String(Plain), ChunkWriter.Write(PlainReadings()));

    [Fact]
    public void Version_1_is_read_as_ever()
    {
        ChunkTests.AssertSame(PlainReadings(), Chunk.Read(Convert.FromBase64String(Plain)), "plain");
        ChunkTests.AssertSame(CompressedReadings(), Chunk.Read(Convert.FromBase64String(Compressed)), "compressed");
    }

    [Fact]
    public void A_reading_of_a_real_sensor_takes_less_than_7_bytes()
    {
        var readings = new SampleReadings(1).Noisy(4096);

        Assert.InRange(ChunkWriter.Write(readings).Length, 1, 7 * readings.Length);
    }

    [Fact]
    public void A_reading_every_five_minutes_with_two_decimals_takes_less_than_4_bytes()
    {
        var readings = new SampleReadings(1).Regular(4096);

        Assert.InRange(ChunkWriter.Write(readings).Length, 1, 4 * readings.Length);
    }

    [Fact]
    public void A_chunk_of_10_readings_takes_less_than_130_bytes() =>
        Assert.InRange(ChunkWriter.Write(new SampleReadings(1).Regular(10)).Length, 1, 130);

    [Fact]
    public void A_chunk_of_one_reading_takes_less_than_40_bytes_besides_the_payload()
    {
        var readings = new SampleReadings(1).Regular(1);

        Assert.InRange(ChunkWriter.Write(readings).Length, 1, readings[0].Payload.Length + 40);
    }

    /// <summary>Every kind of column, and payloads with and without a template, too few to be compressed.</summary>
    private static StoredReading[] PlainReadings() =>
    [
        .. Enumerable.Range(0, 140).Select(i => new StoredReading(
            new DateTime(2024, 2, 28, 23, 0, 0).Ticks + (i * TimeSpan.TicksPerMinute),
            i + 1,
            new DateTime(2024, 2, 28, 23, 0, 0).Ticks + (i * TimeSpan.TicksPerMinute) + (i * 7919 % 1000),
            i < 75 ? 3 : 4,
            i * (long)i * 11,
            (ushort)(i * 31 % 64),
            i % 3 == 0,
            i % 100 == 7,
            Encoding.UTF8.GetBytes(Payload(i)))),
        new StoredReading(DateTime.MaxValue.Ticks, long.MaxValue, 0, long.MinValue, -1, ushort.MaxValue, false, true, new byte[] { 0, 255 }),
    ];

    private static string Payload(int i) => (i % 20) switch
    {
        0 => $"r{i}",
        7 => "{\"value\":0.30000000000000004}",
        9 => $"{{\"value\":{i}.0}}",
        11 => $"{{\"a\":[{-i},\"{i}.50\"]}}",
        13 => $"{{\"a\":[{i * i},\"0.{i}\"]}}",
        var k when k % 2 == 0 => $"{{\"ts\":\"{new DateTime(2024, 2, 28, 23, 0, 0).AddMinutes(i):yyyy-MM-dd'T'HH:mm:ss.fff}Z\",\"v\":{i / 8.0:F3}}}",
        _ => $"{{\"value\":{i / 4.0:0.##}}}",
    };

    private static StoredReading[] CompressedReadings() => [.. Enumerable.Range(0, 40).Select(i => new StoredReading(
        i, i + 1, i + 2, 1, 0, 0, false, false, Encoding.UTF8.GetBytes($"it is {(i % 3 == 0 ? "warm" : "cold")} in room x{i}")))];
}
