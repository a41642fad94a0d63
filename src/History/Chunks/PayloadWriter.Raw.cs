using System.Buffers;
using System.IO.Compression;
using System.Numerics;

namespace OrleansIoT.History.Chunks;

internal sealed partial class PayloadWriter
{
    /// <summary>Of all payloads without a template of a chunk.</summary>
    public const int MaxRawLength = 1 << 26;

    private const int CompressedFrom = 192;
    private const int CompressionQuality = 4;

    private void WriteRaw(ReadOnlySpan<StoredReading> readings)
    {
        var (count, total) = (0, 0L);
        for (var i = 0; i < readings.Length; i++)
        {
            if (IndexOf(i) == Raw)
            {
                _indexes[count++] = readings[i].Payload.Length;
                total += readings[i].Payload.Length;
            }
        }

        if (total > MaxRawLength)
        {
            throw new ArgumentException($"Payloads of {total} bytes are more than fit in a chunk.", nameof(readings));
        }

        columns.Write(_indexes.AsSpan(0, count));
        if (total == 0)
        {
            return;
        }

        var raw = ArrayPool<byte>.Shared.Rent((int)total);
        var end = 0;
        for (var i = 0; i < readings.Length; i++)
        {
            if (IndexOf(i) == Raw)
            {
                readings[i].Payload.Span.CopyTo(raw.AsSpan(end));
                end += readings[i].Payload.Length;
            }
        }

        WriteCompressed(raw.AsSpan(0, end));
        ArrayPool<byte>.Shared.Return(raw);
    }

    /// <summary>The compressed length first, or 0 when they are as they were.</summary>
    private void WriteCompressed(ReadOnlySpan<byte> bytes)
    {
        var compressed = ArrayPool<byte>.Shared.Rent(bytes.Length);
        var length = 0;
        var window = Math.Clamp(1 + BitOperations.Log2((uint)bytes.Length), 10, 22);
        var isShorter = bytes.Length >= CompressedFrom && BrotliEncoder.TryCompress(
            bytes, compressed.AsSpan(0, bytes.Length - 1), out length, CompressionQuality, window);
        writer.Number(isShorter ? (ulong)length : 0);
        writer.Bytes(isShorter ? compressed.AsSpan(0, length) : bytes);
        ArrayPool<byte>.Shared.Return(compressed);
    }
}
