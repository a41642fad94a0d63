using System.IO.Compression;

namespace OrleansIoT.History.Chunks;

/// <summary>The payloads that <see cref="PayloadWriter"/> wrote.</summary>
internal sealed partial class Payloads
{
    private static readonly long MaxTime = DateTime.MaxValue.Ticks;

    [ThreadStatic]
    private static TimeText? _time;

    private readonly ReadOnlyMemory<byte> _blob;
    private readonly int _count;
    private readonly Column? _indexes;
    private readonly Template[] _templates;
    private readonly NumberColumn[][] _numbers;
    private readonly Column _lengths;
    private readonly int _rawStart;
    private readonly int _rawLength;
    private readonly bool _isCompressed;
    private int[]? _uses;
    private ReadOnlyMemory<byte>[]? _raw;

    public Payloads(ReadOnlyMemory<byte> blob, ref ByteReader reader, int count)
    {
        _blob = blob;
        _count = count;
        _templates = new Template[reader.Count(PayloadWriter.MaxTemplates)];
        foreach (ref var template in _templates.AsSpan())
        {
            template = new Template(ref reader);
        }

        Span<int> uses = stackalloc int[PayloadWriter.MaxTemplates + 1];
        uses.Clear();
        uses[PayloadWriter.Raw] = count;
        if (_templates.Length > 0)
        {
            _indexes = new Column(blob, ref reader, count);
            CountUses(uses);
        }

        _numbers = new NumberColumn[_templates.Length][];
        for (var i = 0; i < _templates.Length; i++)
        {
            _numbers[i] = new NumberColumn[_templates[i].Numbers];
            foreach (ref var column in _numbers[i].AsSpan())
            {
                column = new NumberColumn(blob, ref reader, uses[i + 1]);
            }
        }

        _lengths = new Column(blob, ref reader, uses[PayloadWriter.Raw]);
        if (!reader.IsAtEnd)
        {
            _rawLength = reader.Count(PayloadWriter.MaxRawLength);
            _isCompressed = _rawLength > 0;
            _rawLength = _isCompressed ? _rawLength : reader.Rest.Length;
            _rawStart = reader.Position;
            reader.Bytes(_rawLength);
        }
    }

    /// <summary>Which payload of its template, or of the raw ones, each is; null when there is only one kind.</summary>
    private int[]? Uses => _indexes is null or { IsConstant: true } ? null : _uses ??= NumberUses();

    private static TimeText Time => _time ??= new TimeText();

    public ReadOnlyMemory<byte> Read(int i, long at)
    {
        var index = _indexes is null ? PayloadWriter.Raw : (int)_indexes.Values[i];
        var use = Uses is { } uses ? uses[i] : i;
        if (index == PayloadWriter.Raw)
        {
            return (_raw ??= ReadRaw())[use];
        }

        return at >= 0 && at <= MaxTime
            ? _templates[index - 1].Write(at, Time, _numbers[index - 1], use)
            : throw ByteReader.Invalid("no such time");
    }

    private void CountUses(Span<int> uses)
    {
        uses.Clear();
        foreach (var index in _indexes!.Values)
        {
            if (index < 0 || index > _templates.Length)
            {
                throw ByteReader.Invalid("no such template");
            }

            uses[(int)index]++;
        }
    }

    private int[] NumberUses()
    {
        var next = new int[_templates.Length + 1];
        var uses = new int[_count];
        var indexes = _indexes!.Values;
        for (var i = 0; i < uses.Length; i++)
        {
            uses[i] = next[indexes[i]]++;
        }

        return uses;
    }

    private ReadOnlyMemory<byte>[] ReadRaw()
    {
        var total = 0L;
        foreach (var length in _lengths.Values)
        {
            total = length is >= 0 and <= PayloadWriter.MaxRawLength ? total + length : long.MaxValue / 2;
        }

        var bytes = total <= PayloadWriter.MaxRawLength
            ? Decompress((int)total)
            : throw ByteReader.Invalid("a payload is too long");
        var payloads = new ReadOnlyMemory<byte>[_lengths.Values.Length];
        var start = 0;
        for (var i = 0; i < payloads.Length; i++)
        {
            payloads[i] = bytes.Slice(start, (int)_lengths.Values[i]);
            start += payloads[i].Length;
        }

        return payloads;
    }

    private ReadOnlyMemory<byte> Decompress(int length)
    {
        var stored = _blob.Slice(_rawStart, _rawLength);
        if (!_isCompressed)
        {
            return stored.Length == length ? stored : throw ByteReader.Invalid("payloads have another length");
        }

        var bytes = new byte[length];
        return BrotliDecoder.TryDecompress(stored.Span, bytes, out var written) && written == length
            ? bytes
            : throw ByteReader.Invalid("payloads cannot be decompressed");
    }
}
