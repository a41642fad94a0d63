using System.Globalization;
using System.Text;
using OrleansIoT.History.Chunks;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Tests.Chunks;

public sealed class ChunkTests
{
    [Theory]
    [InlineData(1, 200)]
    [InlineData(2, 200)]
    [InlineData(3, 100)]
    [InlineData(10, 100)]
    [InlineData(127, 40)]
    [InlineData(128, 40)]
    [InlineData(129, 40)]
    [InlineData(130, 40)]
    [InlineData(257, 40)]
    [InlineData(4096, 20)]
    public void Readings_come_back_as_they_were(int count, int times)
    {
        for (var seed = 0; seed < times; seed++)
        {
            var readings = new SampleReadings(seed).Next(count);
            AssertSame(readings, Chunk.Read(ChunkWriter.Write(readings)), $"seed {seed}");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(129)]
    [InlineData(1000)]
    public void A_number_is_the_one_that_the_payload_alone_gives(int count)
    {
        var fields = new[] { null, "value", "a.b", "s", "0", "1", "ts", "x", "seq", "a" }.Select(NumberField.Parse).ToArray();
        for (var seed = 1000; seed < 1020; seed++)
        {
            var readings = new SampleReadings(seed).Next(count);
            var chunk = Chunk.Read(ChunkWriter.Write(readings));
            foreach (var field in fields)
            {
                AssertNumbers(readings, chunk, field, 0, count);
                AssertNumbers(readings, chunk, field, count / 3, count - (count / 4));
            }
        }
    }

    [Fact]
    public void A_number_of_many_digits_is_rounded_as_if_it_were_read_alone()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var readings = new SampleReadings(seed).LongNumbers(50_000);
            var chunk = Chunk.Read(ChunkWriter.Write(readings));
            AssertNumbers(readings, chunk, NumberField.Default, 0, readings.Length);
        }
    }

    [Fact]
    public void Extreme_integers_come_back()
    {
        long[] extremes = [0, 1, -1, long.MinValue, long.MaxValue, long.MinValue + 1, DateTime.MaxValue.Ticks];
        var random = new Random(1);
        for (var times = 0; times < 300; times++)
        {
            var readings = Enumerable.Range(0, random.Next(1, 300)).Select(i => new StoredReading(
                random.Next(2) * DateTime.MaxValue.Ticks, Any(), random.Next(2) * DateTime.MaxValue.Ticks, Any(), Any(),
                ushort.MaxValue, true, true, default)).ToArray();
            AssertSame(readings, Chunk.Read(ChunkWriter.Write(readings)), $"{times}");
        }

        long Any() => extremes[random.Next(extremes.Length)];
    }

    [Fact]
    public void A_great_payload_comes_back()
    {
        var payload = new byte[256 * 1024];
        new Random(1).NextBytes(payload.AsSpan(0, 100_000));
        StoredReading[] readings = [Reading(1, payload), Reading(2, []), Reading(3, Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Range(0, 20_000)) + "]"))];

        AssertSame(readings, Chunk.Read(ChunkWriter.Write(readings)), "");
    }

    [Theory]
    [InlineData("yyyy-MM-dd'T'HH:mm:sszzz", 0)]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", 120)]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.fzzz", -210)]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", 840)]
    [InlineData("yyyy-MM-dd'T'HH:mm:sszzz", -840)]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", 0)]
    public void The_text_of_the_event_time_costs_nothing(string format, int offset)
    {
        var start = new DateTimeOffset(2024, 2, 28, 12, 0, 0, TimeSpan.Zero);
        var readings = Enumerable.Range(0, 1000).Select(i => start.AddSeconds(i)).Select((at, i) => new StoredReading(
            at.Ticks, i + 1, at.Ticks, 1, 0, 0, true, false, Encoding.UTF8.GetBytes(
                $$"""{"ts":"{{at.ToOffset(TimeSpan.FromMinutes(offset)).ToString(format, CultureInfo.InvariantCulture)}}"}"""))).ToArray();
        var blob = ChunkWriter.Write(readings);

        AssertSame(readings, Chunk.Read(blob), format);
        Assert.InRange(blob.Length, 1, 60);
    }

    [Fact]
    public void A_chunk_does_not_depend_on_what_was_written_before()
    {
        var readings = new SampleReadings(5).Regular(50);
        var first = ChunkWriter.Write(readings);
        for (var seed = 0; seed < 50; seed++)
        {
            ChunkWriter.Write(new SampleReadings(seed).Next(200));
        }

        Assert.Equal(first, ChunkWriter.Write(readings));
    }

    [Fact]
    public void Nothing_and_too_many_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkWriter.Write([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkWriter.Write(new StoredReading[ChunkWriter.MaxReadings + 1]));
    }

    private static StoredReading Reading(long seq, byte[] payload) => new(seq, seq, seq, 1, 0, 0, false, false, payload);

    internal static void AssertSame(StoredReading[] readings, Chunk chunk, string what)
    {
        Assert.Equal(readings.Length, chunk.Count);
        for (var i = 0; i < readings.Length; i++)
        {
            var read = chunk[i];
            var isSame = readings[i] with { Payload = default } == read with { Payload = default }
                && readings[i].Payload.Span.SequenceEqual(read.Payload.Span);
            Assert.True(isSame, isSame ? "" : $"{what}, reading {i}: {readings[i]} {Encoding.UTF8.GetString(readings[i].Payload.Span)} "
                + $"became {read} {Encoding.UTF8.GetString(read.Payload.Span)}");
        }
    }

    private static void AssertNumbers(StoredReading[] readings, Chunk chunk, NumberField field, int from, int to)
    {
        var values = new double[to - from];
        chunk.ReadNumbers(field, from, to, values);
        for (var i = from; i < to; i++)
        {
            var expected = field.TryRead(readings[i].Payload.Span, out var number) ? number : double.NaN;
            var isSame = BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(values[i - from]);
            Assert.True(isSame, isSame ? "" : $"{expected:R} became {values[i - from]:R} in {Encoding.UTF8.GetString(readings[i].Payload.Span)}");
        }
    }
}
