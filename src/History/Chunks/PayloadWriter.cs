using System.Buffers;
using System.IO.Compression;
using System.Numerics;

namespace OrleansIoT.History.Chunks;

/// <summary>Writes payloads as templates and their numbers; those that do not profit from it as they are, compressed.</summary>
internal sealed class PayloadWriter(ByteWriter writer, ColumnWriter columns)
{
    /// <summary>The index of payloads without a template.</summary>
    public const int Raw = 0;

    public const int MaxTemplates = 64;

    /// <summary>Of all payloads without a template of a chunk.</summary>
    public const int MaxRawLength = 1 << 26;

    // Longer ones are seldom telemetry, and there may be 256 KiB of them.
    private const int MaxTemplatedLength = 4096;

    // Templates are kept from chunk to chunk: topics of one tenant look alike.
    private const int MaxKept = 256;

    private const int FirstNumbers = 1024;
    private const int MaxKeptNumbers = 1 << 17;

    // What a slot and a number in it cost, in bytes, about.
    private const int SlotCost = 8;
    private const int NumberCost = 3;

    private const int CompressedFrom = 192;
    private const int CompressionQuality = 4;

    private readonly NumberColumnWriter _numberColumns = new(writer, columns);
    private readonly ByteWriter _candidate = new();
    private readonly TimeText _time = new();
    private readonly List<Known> _known = [];
    private readonly List<Known> _used = [];
    private int[] _templates = [];
    private int[] _starts = [];
    private int[] _grouped = [];
    private long[] _indexes = [];
    private long[] _slot = [];
    private byte[] _slotScales = [];
    private long[] _mantissas = new long[FirstNumbers];
    private byte[] _scales = new byte[FirstNumbers];

    public void Write(ReadOnlySpan<StoredReading> readings)
    {
        Start(readings.Length);
        Split(readings);
        var profitable = Choose();
        writer.Number((ulong)profitable);
        foreach (var known in _used)
        {
            if (known.Index != Raw)
            {
                writer.Bytes(known.Template.AsBytes);
            }
        }

        if (profitable > 0)
        {
            WriteIndexes(readings.Length);
            WriteNumbers(readings.Length);
        }

        WriteRaw(readings);
    }

    private void Start(int count)
    {
        if (_known.Count > MaxKept)
        {
            _known.Clear();
        }

        foreach (var known in _used)
        {
            known.Uses = 0;
            known.Bytes = 0;
        }

        _used.Clear();
        if (_mantissas.Length > MaxKeptNumbers)
        {
            (_mantissas, _scales) = (new long[FirstNumbers], new byte[FirstNumbers]);
        }

        if (_templates.Length < count)
        {
            (_templates, _starts, _grouped) = (new int[count], new int[count], new int[count]);
            (_indexes, _slot, _slotScales) = (new long[count], new long[count], new byte[count]);
        }
    }

    /// <summary>Finds the template of each payload: its place in <see cref="_used"/>, or -1.</summary>
    private void Split(ReadOnlySpan<StoredReading> readings)
    {
        var last = -1;
        var numbers = 0;
        for (var i = 0; i < readings.Length; i++)
        {
            var payload = readings[i].Payload.Span;
            if (_mantissas.Length < numbers + Template.MaxSlots)
            {
                Array.Resize(ref _mantissas, _mantissas.Length * 2);
                Array.Resize(ref _scales, _mantissas.Length);
            }

            if (last < 0 || !_used[last].Template.TryRead(
                payload, readings[i].At, _time, _mantissas.AsSpan(numbers), _scales.AsSpan(numbers)))
            {
                last = payload.Length is 0 or > MaxTemplatedLength ? -1 : Find(payload, readings[i].At, numbers);
            }

            _templates[i] = last;
            _starts[i] = numbers;
            if (last >= 0)
            {
                numbers += _used[last].Template.Numbers;
                _used[last].Uses++;
                _used[last].Bytes += payload.Length;
            }
        }
    }

    private int Find(ReadOnlySpan<byte> payload, long at, int numbers)
    {
        _candidate.Clear();
        Tokens.Split(payload, at, _time, _candidate, _mantissas.AsSpan(numbers), _scales.AsSpan(numbers));
        var hash = Checksum.Of(_candidate.Written);
        var known = FindKnown(hash);
        if (known is { Uses: > 0 })
        {
            return known.Place;
        }

        if (_used.Count == MaxTemplates)
        {
            return -1;
        }

        if (known is null)
        {
            var reader = new ByteReader(_candidate.Written);
            known = new Known(new Template(ref reader), hash);
            _known.Add(known);
        }

        known.Place = _used.Count;
        _used.Add(known);
        return known.Place;
    }

    private Known? FindKnown(uint hash)
    {
        foreach (var known in _known)
        {
            if (known.Hash == hash && known.Template.AsBytes.SequenceEqual(_candidate.Written))
            {
                return known;
            }
        }

        return null;
    }

    /// <summary>Numbers the templates that make the chunk shorter, from 1; the others are <see cref="Raw"/>.</summary>
    private int Choose()
    {
        var profitable = 0;
        foreach (var known in _used)
        {
            var cost = known.Template.AsBytes.Length + (known.Template.Numbers * (SlotCost + (NumberCost * known.Uses)));
            known.Index = cost < known.Bytes ? ++profitable : Raw;
        }

        return profitable;
    }

    private void WriteIndexes(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _indexes[i] = IndexOf(i);
        }

        columns.Write(_indexes.AsSpan(0, count));
    }

    private int IndexOf(int reading) => _templates[reading] < 0 ? Raw : _used[_templates[reading]].Index;

    private void WriteNumbers(int count)
    {
        var end = 0;
        foreach (var known in _used)
        {
            known.End = end;
            end += known.Uses;
        }

        for (var i = 0; i < count; i++)
        {
            if (_templates[i] >= 0)
            {
                _grouped[_used[_templates[i]].End++] = _starts[i];
            }
        }

        foreach (var known in _used)
        {
            if (known.Index != Raw)
            {
                WriteNumbers(known.Template.Numbers, _grouped.AsSpan(known.End - known.Uses, known.Uses));
            }
        }
    }

    private void WriteNumbers(int slots, ReadOnlySpan<int> starts)
    {
        for (var slot = 0; slot < slots; slot++)
        {
            for (var i = 0; i < starts.Length; i++)
            {
                _slot[i] = _mantissas[starts[i] + slot];
                _slotScales[i] = _scales[starts[i] + slot];
            }

            _numberColumns.Write(_slot.AsSpan(0, starts.Length), _slotScales.AsSpan(0, starts.Length));
        }
    }

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

    /// <summary>A template and what it is to the chunk that is being written.</summary>
    private sealed class Known(Template template, uint hash)
    {
        public Template Template => template;

        public uint Hash => hash;

        public int Place { get; set; }

        public int Uses { get; set; }

        public int Bytes { get; set; }

        public int Index { get; set; }

        public int End { get; set; }
    }
}
