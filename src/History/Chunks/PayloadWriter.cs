namespace OrleansIoT.History.Chunks;

/// <summary>Writes payloads as templates and their numbers; those that do not profit from it as they are, compressed.</summary>
internal sealed partial class PayloadWriter(ByteWriter writer, ColumnWriter columns)
{
    /// <summary>The index of payloads without a template.</summary>
    public const int Raw = 0;

    public const int MaxTemplates = 64;

    // Templates are kept from chunk to chunk: topics of one tenant look alike.
    private const int MaxKept = 256;

    private const int FirstNumbers = 1024;
    private const int MaxKeptNumbers = 1 << 17;

    // What a slot and a number in it cost, in bytes, about.
    private const int SlotCost = 8;
    private const int NumberCost = 3;

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
}
