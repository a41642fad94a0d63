using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// Looks for what SQLite passes over in silence: its recovery ends at the first frame of the write-ahead log whose checksum
/// is wrong, although commits may follow that were acknowledged. See "WAL file format" in SQLite's documentation.
/// </summary>
internal static class WriteAheadLogCheck
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const uint Magic = 0x377f0682; // with its last bit set, checksums are of big-endian words
    private const int OurPageBytes = 4_096; // SQLite's default, which we leave

    /// <summary>
    /// One pass, with memory for one frame. Salts tell the frames of this log from those of an earlier one, over which it is
    /// written. Two things look like damage and are none: the end of a log that was not synced when the power went, and the
    /// rest of a commit whose sync failed and that a shorter one has overwritten.
    /// </summary>
    /// <returns>Null if nothing but an unfinished end follows the frames that SQLite takes.</returns>
    public static WriteAheadLogGap? Run(Stream log)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (log.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            return null; // nothing was written behind it
        }

        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        var sum = new Sum((magic & 1) != 0);
        sum.Add(header[..24]);
        var isIntact = (magic & ~1u) == Magic && sum.Is(header[24..]);
        var frame = new byte[FrameHeaderBytes + (isIntact ? BinaryPrimitives.ReadInt32BigEndian(header[8..]) : OurPageBytes)];
        var salts = header[16..24];
        long? first = isIntact ? null : 0;
        long commits = 0;
        for (var number = 1L; log.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length; number++)
        {
            if (!isIntact && number == 1)
            {
                frame.AsSpan(8, 8).CopyTo(salts); // those of the header may be what is damaged
            }

            var isOfThisLog = frame.AsSpan(8, 8).SequenceEqual(salts) && BinaryPrimitives.ReadUInt32BigEndian(frame) != 0;
            if (first is null)
            {
                sum.Add(frame.AsSpan(0, 8));
                sum.Add(frame.AsSpan(FrameHeaderBytes));
                if (!isOfThisLog || !sum.Is(frame.AsSpan(16)))
                {
                    first = number; // whether it ends a commit itself does not count: so does a torn last one
                }
            }
            else if (isOfThisLog && BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) != 0)
            {
                commits++;
            }
        }

        return first is { } at && commits > 0 ? new WriteAheadLogGap(at, commits) : null;
    }

    /// <summary>The checksum of all that was added, over words of the order that the log's magic number says.</summary>
    private struct Sum(bool isBigEndian)
    {
        private readonly bool _isReversed = isBigEndian == BitConverter.IsLittleEndian;
        private uint _first;
        private uint _second;

        /// <summary>A multiple of eight bytes.</summary>
        public void Add(ReadOnlySpan<byte> bytes)
        {
            var (first, second) = (_first, _second);
            var words = MemoryMarshal.Cast<byte, uint>(bytes);
            for (var i = 0; i + 1 < words.Length; i += 2)
            {
                first += (_isReversed ? BinaryPrimitives.ReverseEndianness(words[i]) : words[i]) + second;
                second += (_isReversed ? BinaryPrimitives.ReverseEndianness(words[i + 1]) : words[i + 1]) + first;
            }

            (_first, _second) = (first, second);
        }

        /// <summary>Stored sums are big-endian whatever the words are.</summary>
        public readonly bool Is(ReadOnlySpan<byte> stored) =>
            BinaryPrimitives.ReadUInt32BigEndian(stored) == _first && BinaryPrimitives.ReadUInt32BigEndian(stored[4..]) == _second;
    }
}

/// <summary>Where recovery ends although the log goes on.</summary>
/// <param name="Frame">The first frame that is not as it was written, from 1; 0 is the log's header.</param>
/// <param name="Commits">How many frames behind it end a commit.</param>
internal sealed record WriteAheadLogGap(long Frame, long Commits);
