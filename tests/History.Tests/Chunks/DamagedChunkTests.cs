using System.Buffers.Binary;
using OrleansIoT.History.Chunks;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Tests.Chunks;

public sealed class DamagedChunkTests
{
    [Fact]
    public void Every_bit_that_flips_is_noticed()
    {
        var blob = ChunkWriter.Write(new SampleReadings(1).Regular(10));
        for (var bit = 0; bit < blob.Length * 8; bit++)
        {
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<InvalidDataException>(() => Chunk.Read(blob));
            blob[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Every_missing_end_is_noticed()
    {
        var blob = ChunkWriter.Write(new SampleReadings(1).Regular(10));
        for (var length = 0; length < blob.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Chunk.Read(blob.AsMemory(0, length)));
        }
    }

    [Fact]
    public void A_version_of_the_future_is_refused()
    {
        var blob = ChunkWriter.Write(new SampleReadings(1).Regular(10));
        blob[0] = ChunkWriter.Version + 1;
        Sign(blob);

        var refusal = Assert.Throws<InvalidDataException>(() => Chunk.Read(blob));

        Assert.Contains("version 2", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(200)]
    public void Damage_with_a_right_checksum_is_read_or_refused_but_never_worse(int count)
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var whole = ChunkWriter.Write(new SampleReadings(seed).Next(count));
            for (var times = 0; times < 60; times++)
            {
                var blob = whole.AsSpan(0, random.Next(4) == 0 ? random.Next(5, whole.Length + 1) : whole.Length).ToArray();
                for (var damages = random.Next(1, 4); damages > 0; damages--)
                {
                    blob[random.Next(random.Next(2) == 0 ? Math.Min(blob.Length, 60) : blob.Length)] =
                        random.Next(3) == 0 ? byte.MaxValue : (byte)random.Next(256);
                }

                Sign(blob);
                Assert.True(IsReadOrRefused(blob));
            }
        }
    }

    [Fact]
    public void The_checksum_is_crc_32c()
    {
        Assert.Equal(0xE3069283, Checksum.Of("123456789"u8));
        Assert.Equal(0x8A9136AA, Checksum.Of(new byte[32]));
        Assert.Equal(0u, Checksum.Of([]));
    }

    private static bool IsReadOrRefused(byte[] blob)
    {
        try
        {
            var chunk = Chunk.Read(blob);
            var values = new double[chunk.Count];
            chunk.ReadNumbers(NumberField.Default, 0, chunk.Count, values);
            for (var i = 0; i < Math.Min(chunk.Count, 1000); i++)
            {
                _ = chunk[i];
            }

            return true;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }

    private static void Sign(byte[] blob) =>
        BinaryPrimitives.WriteUInt32LittleEndian(blob.AsSpan(blob.Length - 4), Checksum.Of(blob.AsSpan(0, blob.Length - 4)));
}
